#include "service/events/event_outbox.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "ingest/message/tags.h"
#include "service/events/event_names.h"
#include "service/events/event_record.h"
#include "service/pipeline/pipeline.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostRows = 256;  // a batch of a few hundred KiB
constexpr auto kPause = std::chrono::milliseconds(200);

// A record that tells of the end of an event is not the one that the event names.
bool NamesRecord(const v1::StoredEventRow& row) {
  return row.again() || row.event().state() != v1::Event::STATE_RESOLVED;
}

WrittenRow Written(const EventRow& row, RecordId record) {
  return {row.number, row.row.event().id(), NamesRecord(row.row), record};
}

std::uint64_t EventOf(std::string_view tags, bool* resolved) {
  TagsReader reader(tags);
  std::uint64_t id = 0;
  while (const auto tag = reader.Next()) {
    if (tag->name == "event") id = NumberOf(tag->value);
    if (tag->name == "event.state") *resolved = tag->value == "resolved";
  }
  return id;
}

// Of the records of one batch, the newest of each event that is looked for.
void FindIn(StoredBatch& batch, const Filter& filter, std::vector<WrittenRow>& rows) {
  Selection selection;
  filter.Evaluate(batch, selection);
  for (std::size_t row = batch.size(); row-- > 0;) {
    if (selection[row] == 0) continue;
    const Record record = batch.Row(row);
    bool resolved = false;
    const std::uint64_t event = EventOf(record.tags, &resolved);
    for (WrittenRow& wanted : rows) {
      if (wanted.event == event && wanted.names_record && !resolved && wanted.record == RecordId{0})
        wanted.record = record.id;
    }
  }
}

}  // namespace

Result<std::vector<EventRow>> ReadEventRows(Store& store, std::uint64_t after, std::size_t limit) {
  const auto objects = store.ListObjects(kEventRowKind, NameOf(after), limit);
  if (!objects) return objects.error();
  std::vector<EventRow> rows;
  for (const StoredObject& object : *objects) {
    EventRow row{NumberOf(object.name), {}};
    if (row.row.ParseFromString(object.body)) rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<WrittenRow>> FindWritten(Store& store, const std::vector<EventRow>& rows) {
  std::vector<WrittenRow> found;
  ScanOptions options;
  options.order = ScanOrder::kNewestFirst;
  options.received_min = INT64_MAX;
  for (const EventRow& row : rows) {
    found.push_back(Written(row, RecordId{0}));
    options.received_min = std::min(options.received_min, row.row.created());
  }
  const auto filter = Filter::Parse(kEventRecords);
  const auto scan = store.NewScan(options);
  const auto wanted = [](const WrittenRow& row) { return row.names_record && row.record == RecordId{0}; };
  while (std::any_of(found.begin(), found.end(), wanted)) {
    const auto batch = scan->Next();
    if (!batch) return batch.error();
    if (*batch == nullptr) break;
    FindIn(**batch, *filter, found);
  }
  return found;
}

// What became of a batch; the pipeline may tell when the outbox is gone.
struct EventOutbox::Delivery {
  std::mutex mutex;
  std::condition_variable wake;
  std::optional<boost::system::error_code> error;  // guarded by mutex, as is ids
  std::vector<RecordId> ids;
};

EventOutbox::EventOutbox(Parts parts, std::uint64_t done, std::uint64_t last)
    : parts_(std::move(parts)), done_(done), last_(last), thread_([this] { Run(); }) {}

EventOutbox::~EventOutbox() {
  if (thread_.joinable()) Stop(steady_clock::now());
}

void EventOutbox::Wake(std::uint64_t last) {
  const std::lock_guard lock(mutex_);
  last_ = std::max(last_, last);
  wake_.notify_all();
}

void EventOutbox::Stop(steady_clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    stop_at_ = deadline;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool EventOutbox::stopping() const {
  const std::lock_guard lock(mutex_);
  return steady_clock::now() >= stop_at_;
}

bool EventOutbox::Pause() {
  std::unique_lock lock(mutex_);
  const bool before = stop_at_ != steady_clock::time_point::max();
  wake_.wait_for(lock, kPause, [&] { return !before && stop_at_ != steady_clock::time_point::max(); });
  return steady_clock::now() < stop_at_;
}

void EventOutbox::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return last_ > done_ || stop_at_ != steady_clock::time_point::max(); });
      if (last_ <= done_ || steady_clock::now() >= stop_at_) return;
    }
    if (!WriteSome() && !Pause()) return;
  }
}

// False: it must be tried again.
bool EventOutbox::WriteSome() {
  std::uint64_t last = 0;
  {
    const std::lock_guard lock(mutex_);
    last = last_;
  }
  const auto rows = ReadEventRows(parts_.store, done_, kMostRows);
  if (!rows) return false;
  if (rows->empty()) {  // what cannot be read is lost
    done_ = last;
    return true;
  }
  const auto delivery = Push(*rows);
  if (!delivery) return false;
  std::unique_lock lock(delivery->mutex);
  while (!delivery->error) {
    delivery->wake.wait_for(lock, kPause);
    if (!delivery->error && stopping()) return false;
  }
  if (*delivery->error) return false;
  lock.unlock();
  return Settle(*rows, delivery->ids);
}

std::shared_ptr<EventOutbox::Delivery> EventOutbox::Push(const std::vector<EventRow>& rows) {
  QueueItem item;
  item.batch = parts_.pipeline.NewBatch();
  const std::int64_t now = parts_.clock();
  for (const EventRow& row : rows)
    AppendEventRecord(row.row.event(), parts_.hostname, now, row.row.again(), *item.batch);
  item.own = true;
  item.sequence = {kEventClient, rows.back().number};
  auto delivery = std::make_shared<Delivery>();
  item.done = [delivery, batch = item.batch.get()](const boost::system::error_code& error) {
    const std::lock_guard lock(delivery->mutex);
    for (const Record& record : batch->records()) delivery->ids.push_back(record.id);
    delivery->error = error;
    delivery->wake.notify_all();
  };
  const std::uint64_t octets = item.batch->received_octets;
  if (!parts_.pipeline.TryPushAcknowledged(item)) return nullptr;
  parts_.pipeline.Received(Transport::kInternal, rows.size(), octets);
  return delivery;
}

// The records are in the log, whatever happens now.
bool EventOutbox::Settle(const std::vector<EventRow>& rows, const std::vector<RecordId>& ids) {
  std::vector<WrittenRow> written;
  for (std::size_t i = 0; i < rows.size(); ++i)
    written.push_back(Written(rows[i], i < ids.size() ? ids[i] : RecordId{0}));
  for (;;) {
    const auto done = parts_.settle(written);
    if (done) break;
    spdlog::warn("records of events are written, but not noted: {}; trying again", done.error().message());
    if (!Pause()) return false;
  }
  done_ = rows.back().number;
  return true;
}

}  // namespace cistern
