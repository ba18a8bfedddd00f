#include <algorithm>

#include "service/detect/detector.h"
#include "service/detect/seen_table.h"

namespace cistern::detect {
namespace {

constexpr std::size_t kBytesAValue = 38;  // of a full table, about

class FirstSeen final : public Detector {
 public:
  FirstSeen(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : rule_(plan.rule.first_seen()),
        events_(events),
        seen_(std::min<std::size_t>(rule_.max_keys(), max_bytes / kBytesAValue + 1)) {}

  void Begin(std::int64_t time) override { learn_until_ = time + rule_.learn(); }

  void Take(const Item& item) override {
    if (rule_.forget_after() > 0) seen_.ForgetUntil(item.time - rule_.forget_after());
    if (seen_.Touch(item.key, item.time) || item.time < learn_until_) return;
    Happening happening = HappeningOf(item);
    happening.extras = {{"value", item.key}};
    events_.Raise(happening);
  }

  void SetBack(std::int64_t span) override {
    seen_.SetBack(span);
    if (learn_until_ != INT64_MIN) learn_until_ -= span;
  }
  std::size_t keys() const override { return seen_.size(); }
  std::size_t bytes() const override { return seen_.bytes(); }
  bool Evict() override { return seen_.EvictOldest(); }
  std::uint64_t TakeEvicted() override { return seen_.TakeEvicted(); }

  void Save(v1::StoredDetection& out) const override {
    out.set_seen(seen_.Save());
    out.set_next(learn_until_);
  }
  bool Load(const v1::StoredDetection& in) override {
    learn_until_ = in.next();
    return seen_.Load(in.seen());
  }

 private:
  const v1::FirstSeenRule& rule_;
  EventWriter& events_;
  SeenTable seen_;
  std::int64_t learn_until_ = INT64_MIN;
};

}  // namespace

std::unique_ptr<Detector> MakeFirstSeen(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<FirstSeen>(plan, events, max_bytes);
}

}  // namespace cistern::detect
