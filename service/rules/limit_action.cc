// A token bucket for each key, by the received times of the records. What is told of a key begins with the
// first record it loses and ends when it has lost none for a while.
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cistern/v1/rule.pb.h"
#include "service/events/event_change.h"
#include "service/rules/ingest_action.h"
#include "service/rules/key_table.h"

namespace cistern {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::int64_t kSecond = 1'000'000'000;
// A clock that goes back by less is a matter of batches from several connections.
constexpr std::int64_t kClockSlack = 10 * kSecond;
// A sender that forges addresses must not raise more. What is limited beyond is counted all the same.
constexpr unsigned kMostEventsASecond = 100;

// What is told of a key while it loses records.
struct Told {
  std::string key;
  std::uint64_t dropped = 0;
  std::int64_t last = 0;
};

struct Bucket {
  double tokens = 0;
  std::int64_t filled = 0;  // ns: when `tokens` was right
  std::unique_ptr<Told> told;
};

class Limit final : public IngestAction {
 public:
  Limit(const v1::Rule& rule, RecordKey key)
      : name_(rule.name()),
        key_(std::move(key)),
        rate_(rule.limit().rate()),
        burst_(rule.limit().burst() > 0 ? rule.limit().burst() : std::max(rule.limit().rate(), 1.0)),
        quiet_(rule.limit().quiet()),
        keep_(ParseSeverity(rule.limit().keep_severity())),
        buckets_(std::max(rule.limit().max_keys(), 1u)) {}

  ActionResult Apply(Record& record, Arena&, ActionOutput& out) override {
    if (keep_ && record.severity <= *keep_) return ActionResult::kKept;
    Bucket& bucket = BucketOf(record, out);
    Fill(bucket, record.received);
    if (bucket.told && record.received - bucket.told->last >= quiet_) End(bucket, out);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return ActionResult::kKept;
    }
    Tell(bucket, record, out);
    return ActionResult::kDropped;
  }
  void Tick(std::int64_t now, ActionOutput& out) override {
    if (told_ == 0) return;
    for (auto& entry : buckets_.entries()) {
      if (entry.state.told && now - entry.state.told->last >= quiet_) End(entry.state, out);
    }
  }
  void Finish(ActionOutput& out) override {
    for (auto& entry : buckets_.entries()) {
      if (entry.state.told) End(entry.state, out);
    }
  }
  std::uint64_t evicted() const override { return evicted_; }
  std::uint64_t state_bytes() const override {
    return buckets_.size() * KeyTable<Bucket>::kEntryBytes + told_ * sizeof(Told);
  }

 private:
  Bucket& BucketOf(const Record& record, ActionOutput& out) {
    const KeyDigest key = key_.Digest(record);
    if (Bucket* known = buckets_.Touch(key)) return *known;
    if (buckets_.full()) {
      if (buckets_.First().state.told) End(buckets_.First().state, out);
      buckets_.RemoveFirst();
      ++evicted_;
    }
    return buckets_.Add(key, {burst_, record.received, nullptr});
  }

  void Fill(Bucket& bucket, std::int64_t now) const {
    const std::int64_t passed = now - bucket.filled;
    if (passed < 0 && passed > -kClockSlack) return;
    if (passed > 0)
      bucket.tokens = std::min(burst_, bucket.tokens + rate_ * (static_cast<double>(passed) / kSecond));
    bucket.filled = now;
  }

  void Tell(Bucket& bucket, const Record& record, ActionOutput& out) {
    if (!bucket.told) {
      if (!MayTell(record.received)) return;
      bucket.told = std::make_unique<Told>(Told{key_.Text(record), 0, record.received});
      ++told_;
      Raise(*bucket.told, record, out);
    }
    ++bucket.told->dropped;
    bucket.told->last = record.received;
  }

  bool MayTell(std::int64_t now) {
    if (now / kSecond != told_second_) {
      told_second_ = now / kSecond;
      told_in_second_ = 0;
    }
    return told_in_second_++ < kMostEventsASecond;
  }

  v1::Event Event(const Told& told) const {
    v1::Event event;
    event.set_rule(name_);
    event.set_key(told.key);
    return event;
  }
  static void Send(EventChange::Kind kind, const v1::Event& event, ActionOutput& out) {
    ++out.events;
    if (out.raise) out.raise({kind, event});
  }

  void Raise(const Told& told, const Record& record, ActionOutput& out) const {
    constexpr std::uint32_t kWarning = 4;
    v1::Event event = Event(told);
    event.set_severity(kWarning);
    event.set_summary("records of " + told.key + " are dropped: more than the limit of " + name_ + " allows");
    *event.mutable_first_time() = TimeUtil::NanosecondsToTimestamp(record.received);
    *event.mutable_last_time() = event.first_time();
    event.set_count(1);
    Send(EventChange::Kind::kRaise, event, out);
  }

  void End(Bucket& bucket, ActionOutput& out) {
    const std::unique_ptr<Told> told = std::move(bucket.told);
    --told_;
    v1::Event event = Event(*told);
    event.set_summary(std::to_string(told->dropped) + " records of " + told->key +
                      " were dropped by the limit of " + name_);
    (*event.mutable_fields())["dropped"] = std::to_string(told->dropped);
    event.set_count(told->dropped - 1);
    *event.mutable_last_time() = TimeUtil::NanosecondsToTimestamp(told->last);
    if (told->dropped > 1 && out.raise) out.raise({EventChange::Kind::kAdd, event});
    *event.mutable_resolve_time() = TimeUtil::NanosecondsToTimestamp(told->last + quiet_);
    Send(EventChange::Kind::kResolve, event, out);
  }

  const std::string name_;
  const RecordKey key_;
  const double rate_, burst_;
  const std::int64_t quiet_;
  const std::optional<Severity> keep_;
  KeyTable<Bucket> buckets_;
  std::uint64_t told_ = 0;  // buckets that have it
  std::int64_t told_second_ = 0;
  unsigned told_in_second_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace

ActionOr MakeLimit(const v1::Rule& rule) {
  const v1::LimitRule& limit = rule.limit();
  if (!(limit.rate() > 0)) return ActionError{"limit.rate", "must be more than 0"};
  if (!limit.keep_severity().empty() && !ParseSeverity(limit.keep_severity()))
    return ActionError{"limit.keep_severity",
                       "is not a severity: emerg alert crit err warning notice info debug"};
  auto key =
      limit.by().empty() ? RecordKey::Parse(std::vector<std::string>{"peer"}) : RecordKey::Parse(limit.by());
  if (!key) return ActionError{"limit.by[" + std::to_string(key.error().index) + "]", key.error().message};
  return ActionPtr(std::make_unique<Limit>(rule, std::move(*key)));
}

}  // namespace cistern
