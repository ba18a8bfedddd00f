// Windows of equal records. A window begins with its first record and ends by its length, whatever comes; the
// texts of a record are kept from its first repetition on.
#include <memory>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "service/rules/ingest_action.h"
#include "service/rules/key_table.h"
#include "service/rules/made_record.h"
#include "storage/query/field_text.h"

namespace cistern {
namespace {

// Of texts that are kept, over all windows. A message has up to 64 KiB.
constexpr std::size_t kMostTextBytes = 16 << 20;

// A record that came again, by itself.
struct Repeated {
  std::uint64_t count = 0;
  std::int64_t last = 0;  // received
  Record record;          // header and message, views into `texts`
  std::string texts;
};

struct Window {
  std::int64_t first = 0;  // received
  std::unique_ptr<Repeated> repeated;
};

std::string TimeText(std::int64_t time) {
  Record record;
  record.received = time;
  std::string text;
  AppendFieldText(record, {.column = Column::kReceived}, text);
  return text;
}

class Deduplicate final : public IngestAction {
 public:
  Deduplicate(const v1::DeduplicateRule& rule, RecordKey key)
      : key_(std::move(key)), window_(rule.window()), windows_(std::max(rule.max_keys(), 1u)) {}

  ActionResult Apply(Record& record, Arena&, ActionOutput& out) override {
    const KeyDigest key = key_.Digest(record);
    Window* window = windows_.Find(key);
    if (window == nullptr) {
      if (windows_.full()) EndFirst(out);
      windows_.Add(key, {record.received, nullptr});
      return ActionResult::kKept;
    }
    if (IsOver(*window, record.received)) {
      End(*window, out);
      windows_.Touch(key)->first = record.received;
      return ActionResult::kKept;
    }
    Repeat(*window, record);
    while (text_bytes_ > kMostTextBytes) EndFirst(out);
    return ActionResult::kDropped;
  }
  void Tick(std::int64_t now, ActionOutput& out) override {
    while (!windows_.empty() && IsOver(windows_.First().state, now)) {
      End(windows_.First().state, out);
      windows_.RemoveFirst();
    }
  }
  void Finish(ActionOutput& out) override {
    while (!windows_.empty()) {
      End(windows_.First().state, out);
      windows_.RemoveFirst();
    }
  }
  std::uint64_t evicted() const override { return evicted_; }
  std::uint64_t state_bytes() const override {
    return windows_.size() * KeyTable<Window>::kEntryBytes + text_bytes_;
  }

 private:
  // Also when the clock went back by more than a window.
  bool IsOver(const Window& window, std::int64_t now) const {
    return now - window.first >= window_ || window.first - now > window_;
  }

  void Repeat(Window& window, const Record& record) {
    if (!window.repeated) {
      window.repeated = std::make_unique<Repeated>();
      Keep(record, *window.repeated);
      text_bytes_ += Bytes(*window.repeated);
    }
    ++window.repeated->count;
    window.repeated->last = record.received;
  }

  static std::size_t Bytes(const Repeated& repeated) { return sizeof(Repeated) + repeated.texts.capacity(); }

  static void Keep(const Record& record, Repeated& repeated) {
    constexpr std::string_view Record::*kTexts[] = {&Record::hostname, &Record::app_name, &Record::procid,
                                                    &Record::msgid, &Record::message};
    repeated.record.facility = record.facility;
    repeated.record.severity = record.severity;
    for (const auto text : kTexts) repeated.texts += record.*text;
    std::string_view rest = repeated.texts;
    for (const auto text : kTexts) {
      repeated.record.*text = rest.substr(0, (record.*text).size());
      rest.remove_prefix((record.*text).size());
    }
  }

  void EndFirst(ActionOutput& out) {
    End(windows_.First().state, out);
    windows_.RemoveFirst();
    ++evicted_;
  }

  void End(Window& window, ActionOutput& out) {
    const std::unique_ptr<Repeated> repeated = std::move(window.repeated);
    if (!repeated) return;
    text_bytes_ -= Bytes(*repeated);
    const std::string count = std::to_string(repeated->count);
    std::string message = "message repeated " + count + " times: [";
    message.append(repeated->record.message) += ']';
    Record model = repeated->record;
    model.message = message;
    model.received = model.time = repeated->last;
    std::string tags;
    AppendTag(tags, "repeat.count", count);
    AppendTag(tags, "repeat.first", TimeText(window.first));
    AppendTag(tags, "repeat.last", TimeText(repeated->last));
    out.made.push_back(MakeInternalRecord(model, tags, out.arena));
  }

  const RecordKey key_;
  const std::int64_t window_;
  KeyTable<Window> windows_;  // in the order in which they began
  std::size_t text_bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace

ActionOr MakeDeduplicate(const v1::Rule& rule) {
  const v1::DeduplicateRule& deduplicate = rule.deduplicate();
  auto key = deduplicate.by().empty()
                 ? RecordKey::Parse(std::vector<std::string>{"hostname", "app_name", "message"})
                 : RecordKey::Parse(deduplicate.by());
  if (!key)
    return ActionError{"deduplicate.by[" + std::to_string(key.error().index) + "]", key.error().message};
  return ActionPtr(std::make_unique<Deduplicate>(deduplicate, std::move(*key)));
}

}  // namespace cistern
