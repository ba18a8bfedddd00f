#include "storage/query/event_order.h"

#include <algorithm>
#include <optional>

#include "ingest/message/record_batch.h"

namespace cistern::query {
namespace {

// Records copied at once in the second pass.
constexpr std::size_t kGroup = 256;

struct Entry {
  std::int64_t event;
  std::uint64_t id;
  auto operator<=>(const Entry&) const = default;
};

// The `limit` entries that come first.
class BestEntries {
 public:
  BestEntries(ScanOrder order, std::uint64_t limit)
      : newest_(order == ScanOrder::kNewestFirst), limit_(limit) {}

  bool Before(const Entry& a, const Entry& b) const { return newest_ ? a > b : a < b; }
  bool full() const { return heap_.size() == limit_; }
  const Entry& worst() const { return heap_.front(); }
  bool overflowed() const { return overflowed_; }

  void Add(const Entry& entry) {
    const auto before = [this](const Entry& a, const Entry& b) { return Before(a, b); };
    if (full()) {
      overflowed_ = true;
      if (!Before(entry, worst())) return;
      std::pop_heap(heap_.begin(), heap_.end(), before);
      heap_.pop_back();
    }
    heap_.push_back(entry);
    std::push_heap(heap_.begin(), heap_.end(), before);
  }

  std::vector<Entry> TakeSorted() {
    std::sort(heap_.begin(), heap_.end(), [this](const Entry& a, const Entry& b) { return Before(a, b); });
    return std::move(heap_);
  }

 private:
  const bool newest_;
  const std::uint64_t limit_;
  bool overflowed_ = false;
  std::vector<Entry> heap_;  // the last in order on top
};

// Whether no record of the batch can come before the worst entry.
bool CannotHelp(const BestEntries& best, const StoredBatch& batch, const MatchOptions& options) {
  if (!best.full() || !best.overflowed()) return false;
  const std::int64_t skew = options.event_skew.count();
  return options.order == ScanOrder::kNewestFirst ? batch.max_received() < best.worst().event - skew
                                                  : batch.min_received() > best.worst().event + skew;
}

Result<std::vector<Entry>> FindBest(Store& store, const MatchOptions& options, std::uint64_t limit,
                                    const QueryControl& control, QueryResult& result, QueryCost& cost) {
  BestEntries best(options.order, limit);
  MatchReader reader(store, options, control, cost);
  reader.skip = [&](const StoredBatch& batch) { return CannotHelp(best, batch, options); };
  reader.wanted = UINT64_MAX;
  reader.touch = [](StoredBatch& batch, const auto&) {
    for (const Column column : {Column::kTime, Column::kReceived, Column::kId}) batch.Ints(column);
  };
  const auto done = reader.Run([&](StoredBatch& batch, const std::vector<std::uint32_t>& rows) {
    const auto times = batch.Ints(Column::kTime), received = batch.Ints(Column::kReceived);
    const auto ids = batch.Ints(Column::kId);
    for (const std::uint32_t row : rows) {
      best.Add(
          {EventTime(times[row], received[row], options.event_skew), static_cast<std::uint64_t>(ids[row])});
    }
    return true;
  });
  if (!done) return done.error();
  result.more = best.overflowed();
  return best.TakeSorted();
}

// A copy of the text fields in `batch`.
Record CopyInto(RecordBatch& batch, Record record) {
  for (std::string_view Record::*field :
       {&Record::listener, &Record::tls_identity, &Record::hostname, &Record::app_name, &Record::procid,
        &Record::msgid, &Record::structured_data, &Record::message, &Record::raw, &Record::tags}) {
    record.*field = batch.arena().Copy(record.*field);
  }
  return record;
}

// Reads the records of `group` and puts them in its order; those that retention took meanwhile are left out.
Result<void> ReadGroup(Store& store, std::span<const Entry> group, const QueryControl& control,
                       QueryCost& cost, RecordBatch& out) {
  std::vector<std::uint64_t> wanted;
  for (const Entry& entry : group) wanted.push_back(entry.id);
  std::sort(wanted.begin(), wanted.end());
  const auto first_from = [&](std::uint64_t id) {
    return std::lower_bound(wanted.begin(), wanted.end(), id);
  };
  MatchOptions options;
  options.id_min = wanted.front();
  options.id_max = wanted.back();
  MatchReader reader(store, options, control, cost);
  reader.check = true;
  reader.wanted = group.size();
  reader.skip = [&](const StoredBatch& batch) {
    const auto next = first_from(ToInt(batch.first_id()));
    return next == wanted.end() || *next > ToInt(batch.last_id());
  };
  const auto done = reader.Run([&](StoredBatch& batch, const std::vector<std::uint32_t>& rows) {
    const auto ids = batch.Ints(Column::kId);
    for (const std::uint32_t row : rows) {
      const auto id = static_cast<std::uint64_t>(ids[row]);
      const auto found = first_from(id);
      if (found != wanted.end() && *found == id) out.records().push_back(CopyInto(out, batch.Row(row)));
    }
    return out.size() < group.size();
  });
  if (!done) return done;
  const auto place = [&](const Record& record) {
    return std::find_if(group.begin(), group.end(), [&](const Entry& e) { return e.id == ToInt(record.id); });
  };
  std::sort(out.records().begin(), out.records().end(),
            [&](const Record& a, const Record& b) { return place(a) < place(b); });
  return {};
}

}  // namespace

Result<void> RunInEventOrder(Store& store, const MatchOptions& options, std::uint64_t limit,
                             const QueryControl& control, const MatchSink& sink, QueryResult& result,
                             QueryCost& cost) {
  const auto best = FindBest(store, options, limit, control, result, cost);
  if (!best) return best.error();
  const std::span<const Entry> entries(*best);
  for (std::size_t done = 0; done < entries.size(); done += kGroup) {
    RecordBatch batch;
    const auto group = entries.subspan(done, std::min(kGroup, entries.size() - done));
    if (auto read = ReadGroup(store, group, control, cost, batch); !read) return read;
    if (batch.empty()) continue;
    std::vector<std::uint32_t> rows;
    for (std::uint32_t row = 0; row < batch.size(); ++row) rows.push_back(row);
    result.matches += rows.size();
    RecordsView view(batch.records());
    if (!sink(view, rows)) return {};
  }
  return {};
}

}  // namespace cistern::query
