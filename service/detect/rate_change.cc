#include <algorithm>
#include <deque>
#include <numeric>

#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

struct Rate {
  std::uint64_t now = 0;  // in the interval that has begun
  std::deque<std::uint64_t> before;
  int unusual = 0;        // the last interval: 1: many more; -1: many fewer
  std::int64_t last = 0;  // record, ns
  std::vector<std::uint64_t> ids;
  Values values;  // of the last record

  std::size_t bytes() const { return 512 + before.size() * 8 + ids.size() * 8 + BytesOf(values); }
  void SetBack(std::int64_t span) { last -= span; }
  void Save(v1::StoredKey& out) const {
    v1::StoredPart& part = *out.add_parts();
    part.add_numbers(static_cast<std::int64_t>(now));
    part.add_numbers(unusual);
    part.add_numbers(last);
    for (const std::string& value : values) part.add_values(value);
    v1::StoredPart& counts = *out.add_parts();
    for (const std::uint64_t count : before) counts.add_numbers(static_cast<std::int64_t>(count));
    v1::StoredPart& samples = *out.add_parts();
    for (const std::uint64_t id : ids) samples.add_numbers(static_cast<std::int64_t>(id));
  }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() != 3 || in.parts(0).numbers_size() != 3) return false;
    now = static_cast<std::uint64_t>(in.parts(0).numbers(0));
    unusual = static_cast<int>(in.parts(0).numbers(1));
    last = in.parts(0).numbers(2);
    values.assign(in.parts(0).values().begin(), in.parts(0).values().end());
    for (const std::int64_t count : in.parts(1).numbers())
      before.push_back(static_cast<std::uint64_t>(count));
    for (const std::int64_t id : in.parts(2).numbers()) ids.push_back(static_cast<std::uint64_t>(id));
    return true;
  }
};

class RateChange final : public KeyedDetector<Rate> {
 public:
  RateChange(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : KeyedDetector(plan, events, plan.rule.rate_change().max_keys(), max_bytes),
        rule_(plan.rule.rate_change()) {}

  void Take(const Item& item) override {
    Entry& entry = table_.Touch(item.key, item.time);
    Rate& rate = entry.state;
    rate.now += item.weight;
    rate.last = item.time;
    rate.values = item.values;
    rate.ids.push_back(item.id);
    if (rate.ids.size() > plan_.samples()) rate.ids.erase(rate.ids.begin());
    table_.Resized(entry);
    end_ = AlignedEnd(item.time, rule_.interval());
  }

  // All keys have their intervals at the same times.
  std::int64_t NextTimer() override { return table_.size() == 0 ? kNever : end_; }
  void RunTimer() override {
    if (std::exchange(broken_, false)) return PassOver();
    for (auto entry = table_.entries().begin(); entry != table_.entries().end();) {
      Entry& one = *entry++;
      if (EndInterval(one)) {
        table_.Resized(one);
      } else {
        table_.Erase(one);
      }
    }
    end_ += rule_.interval();
  }

  // An interval in which the clock was set back is compared with nothing.
  void SetBack(std::int64_t span) override {
    KeyedDetector::SetBack(span);
    end_ = AlignedEnd(end_ - span - 1, rule_.interval());
    broken_ = true;
  }

  void Save(v1::StoredDetection& out) const override {
    KeyedDetector::Save(out);
    out.set_next(end_);
    if (broken_) out.set_broken(true);
  }
  bool Load(const v1::StoredDetection& in) override {
    end_ = in.next();
    broken_ = in.broken();
    return KeyedDetector::Load(in);
  }

 private:
  void PassOver() {
    for (Entry& entry : table_.entries()) {
      entry.state.now = 0;
      entry.state.ids.clear();
    }
    end_ += rule_.interval();
  }

  // False: there is nothing left to know about the key.
  bool EndInterval(Entry& entry) {
    Rate& rate = entry.state;
    if (rate.before.size() == rule_.history()) {
      Compare(entry);
      rate.before.pop_front();
    }
    rate.before.push_back(std::exchange(rate.now, 0));
    rate.ids.clear();
    return std::any_of(rate.before.begin(), rate.before.end(), [](std::uint64_t n) { return n > 0; });
  }

  void Compare(Entry& entry) {
    Rate& rate = entry.state;
    const std::uint64_t sum = std::accumulate(rate.before.begin(), rate.before.end(), std::uint64_t{0});
    const double usual = static_cast<double>(sum) / static_cast<double>(rate.before.size());
    const auto now = static_cast<double>(rate.now), least = static_cast<double>(rule_.at_least());
    const bool above = rule_.above() > 0 && now > usual && now >= rule_.above() * usual;
    const bool below = rule_.below() > 0 && now < usual && now <= rule_.below() * usual;
    const bool enough = now >= least || usual >= least;
    const int before = std::exchange(rate.unusual, !enough ? 0 : above ? 1 : below ? -1 : 0);
    if (rate.unusual == 0) return;
    Happening happening;
    happening.key = entry.key;
    happening.at = end_;
    happening.first = end_ - rule_.interval();
    happening.last = rate.now > 0 ? rate.last : end_;
    happening.count = rate.now;
    happening.values = &rate.values;
    happening.record_ids = rate.ids;
    happening.extras = {{"usual", NumberText(usual)}, {"factor", NumberText(usual > 0 ? now / usual : now)}};
    rate.unusual == before ? events_.Add(happening) : events_.Raise(happening);
  }

  const v1::RateChangeRule& rule_;
  std::int64_t end_ = 0;  // of the interval that has begun
  bool broken_ = false;   // the clock was set back in it
};

}  // namespace

std::unique_ptr<Detector> MakeRateChange(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<RateChange>(plan, events, max_bytes);
}

}  // namespace cistern::detect
