#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

// The first steps of a sequence, done.
struct Begun {
  std::int64_t first = 0;
  std::vector<std::uint64_t> ids;  // empty: not done
  std::uint64_t weight = 0;
  Values values;  // what patterns found in them
};

struct Steps {
  std::vector<Begun> begun;  // [i]: i + 1 steps; of several the one that began last
  std::int64_t until = INT64_MIN;

  std::size_t bytes() const {
    std::size_t bytes = begun.size() * sizeof(Begun);
    for (const Begun& one : begun) bytes += one.ids.size() * 8 + BytesOf(one.values);
    return bytes;
  }
  void SetBack(std::int64_t span) {
    for (Begun& one : begun) one.first -= span;
    if (until != INT64_MIN) until -= span;
  }
  void Save(v1::StoredKey& out) const {
    out.add_parts()->add_numbers(until);
    for (const Begun& one : begun) {
      v1::StoredPart& part = *out.add_parts();
      part.add_numbers(one.first);
      part.add_numbers(static_cast<std::int64_t>(one.weight));
      for (const std::uint64_t id : one.ids) part.add_numbers(static_cast<std::int64_t>(id));
      for (const std::string& value : one.values) part.add_values(value);
    }
  }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() < 1 || in.parts(0).numbers_size() != 1) return false;
    until = in.parts(0).numbers(0);
    for (int i = 1; i < in.parts_size(); ++i) {
      const v1::StoredPart& part = in.parts(i);
      if (part.numbers_size() < 2) return false;
      Begun& one = begun.emplace_back();
      one.first = part.numbers(0);
      one.weight = static_cast<std::uint64_t>(part.numbers(1));
      for (int n = 2; n < part.numbers_size(); ++n)
        one.ids.push_back(static_cast<std::uint64_t>(part.numbers(n)));
      one.values.assign(part.values().begin(), part.values().end());
    }
    return true;
  }
};

class Sequence final : public KeyedDetector<Steps> {
 public:
  Sequence(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : KeyedDetector(plan, events, plan.rule.sequence().max_keys(), max_bytes),
        steps_(static_cast<std::size_t>(plan.rule.sequence().steps_size())),
        within_(plan.rule.sequence().within()),
        repeat_(plan.rule.sequence().repeat()) {}

  bool Load(const v1::StoredDetection& in) override {
    if (!KeyedDetector::Load(in)) return false;
    for (Entry& entry : table_.entries())
      if (!entry.state.begun.empty() && entry.state.begun.size() + 1 != steps_) return false;
    return true;
  }

  void Take(const Item& item) override {
    table_.Prune([&](const Entry& entry) {
      return entry.seen + within_ < item.time && entry.state.until <= item.time;
    });
    if (item.marked(steps_)) {
      if (Entry* entry = table_.Find(item.key)) Clear(*entry);
      return;
    }
    if (!MatchesStep(item)) return;
    Entry& entry = table_.Touch(item.key, item.time);
    auto& begun = entry.state.begun;
    if (steps_ > 0) begun.resize(steps_ - 1);
    // From the last one on, so that a record is one step only.
    for (std::size_t step = steps_; step-- > 0;) {
      if (!item.marked(step)) continue;
      if (step > 0 && (begun[step - 1].ids.empty() || begun[step - 1].first + within_ < item.time)) continue;
      Begun next = step > 0 ? begun[step - 1] : Begun{item.time, {}, 0, {}};
      Extend(next, item);
      if (step + 1 == steps_) {
        Complete(entry, std::move(next), item);
        return;
      }
      begun[step] = std::move(next);
    }
    table_.Resized(entry);
  }

 private:
  bool MatchesStep(const Item& item) const {
    const std::uint64_t steps = (std::uint64_t{1} << steps_) - 1;
    return (item.marks & steps) != 0;
  }

  // What a later record says comes before what an earlier one said.
  void Extend(Begun& begun, const Item& item) const {
    begun.ids.push_back(item.id);
    begun.weight += item.weight;
    begun.values.resize(plan_.pattern_slots);
    for (std::size_t slot = 0; slot < plan_.pattern_slots; ++slot)
      if (!item.values[slot].empty()) begun.values[slot] = item.values[slot];
  }

  void Complete(Entry& entry, Begun whole, const Item& item) {
    whole.values.insert(whole.values.end(),
                        item.values.begin() + static_cast<std::ptrdiff_t>(plan_.pattern_slots),
                        item.values.end());
    Happening happening = HappeningOf(item);
    happening.first = whole.first;
    happening.count = whole.weight;
    happening.values = &whole.values;
    happening.record_ids = whole.ids;
    Clear(entry);
    if (item.time < entry.state.until) return events_.Add(happening);
    events_.Raise(happening);
    entry.state.until = item.time + repeat_;
  }

  void Clear(Entry& entry) {
    entry.state.begun.clear();
    table_.Resized(entry);
  }

  const std::size_t steps_;
  const std::int64_t within_, repeat_;
};

}  // namespace

std::unique_ptr<Detector> MakeSequence(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<Sequence>(plan, events, max_bytes);
}

}  // namespace cistern::detect
