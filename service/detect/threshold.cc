#include <xxhash.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

// More records than that are kept by parts of the window, of which there are as many.
constexpr std::size_t kExact = 1024;

struct Seen {
  std::int64_t time = 0;
  std::uint64_t id = 0;
  std::uint64_t weight = 1;
  std::uint64_t value = 0;  // hash of the value of `distinct`
};

struct Window {
  // By time. With `distinct` those count whose value did not come again.
  std::deque<Seen> seen;
  struct Last {
    std::uint64_t id = 0, weight = 0;
  };
  std::unordered_map<std::uint64_t, Last> last;  // with `distinct`: by value
  std::uint64_t weight = 0;                      // of all of them
  std::int64_t until = INT64_MIN;                // what comes before belongs to the event that was raised

  std::size_t bytes() const { return seen.empty() ? 0 : 512 + seen.size() * sizeof(Seen) + last.size() * 56; }
  bool Counts(const Seen& one) const {
    const auto found = last.find(one.value);
    return found == last.end() || found->second.id == one.id;
  }
  void Clear() {
    seen.clear();
    last.clear();
    weight = 0;
  }
  void SetBack(std::int64_t span) {
    for (Seen& one : seen) one.time -= span;
    if (until != INT64_MIN) until -= span;
  }
  void Save(v1::StoredKey& out) const {
    v1::StoredPart& part = *out.add_parts();
    part.add_numbers(until);
    for (const Seen& one : seen) {
      if (!Counts(one)) continue;
      const auto found = last.find(one.value);
      part.add_numbers(one.time);
      part.add_numbers(static_cast<std::int64_t>(one.id));
      part.add_numbers(static_cast<std::int64_t>(found == last.end() ? one.weight : found->second.weight));
      part.add_numbers(static_cast<std::int64_t>(one.value));
    }
  }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() != 1 || in.parts(0).numbers_size() % 4 != 1) return false;
    const auto& numbers = in.parts(0).numbers();
    until = numbers[0];
    for (int i = 1; i < numbers.size(); i += 4) {
      seen.push_back({numbers[i], static_cast<std::uint64_t>(numbers[i + 1]),
                      static_cast<std::uint64_t>(numbers[i + 2]),
                      static_cast<std::uint64_t>(numbers[i + 3])});
      weight += seen.back().weight;
    }
    return true;
  }
};

class Threshold final : public KeyedDetector<Window> {
 public:
  Threshold(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : KeyedDetector(plan, events, plan.rule.threshold().max_keys(), max_bytes),
        count_(plan.rule.threshold().count()),
        window_(plan.rule.threshold().window()),
        repeat_(plan.rule.threshold().repeat() > 0 ? plan.rule.threshold().repeat() : window_) {}

  bool Load(const v1::StoredDetection& in) override {
    if (!KeyedDetector::Load(in)) return false;
    if (!plan_.distinct) return true;
    for (Entry& entry : table_.entries())
      for (const Seen& one : entry.state.seen) entry.state.last[one.value] = {one.id, one.weight};
    return true;
  }

  void Take(const Item& item) override {
    table_.Prune([&](const Entry& entry) {
      return entry.seen + window_ <= item.time && entry.state.until <= item.time;
    });
    if (item.marked(kReset)) {
      if (Entry* entry = table_.Find(item.key)) Clear(*entry);
      return;
    }
    Entry& entry = table_.Touch(item.key, item.time);
    Window& window = entry.state;
    if (item.time < window.until) return events_.Add(HappeningOf(item));
    Push(window, item);
    const std::uint64_t reached = plan_.distinct ? window.last.size() : window.weight;
    if (reached >= count_) Raise(window, item, reached);
    table_.Resized(entry);
  }

 private:
  void Push(Window& window, const Item& item) {
    while (!window.seen.empty() && window.seen.front().time + window_ <= item.time) PopFront(window);
    window.weight += item.weight;
    if (plan_.distinct) return PushValue(window, item);
    const std::int64_t part = std::max<std::int64_t>(window_ / static_cast<std::int64_t>(kExact), 1);
    if (window.seen.size() >= kExact && window.seen.back().time / part == item.time / part) {
      window.seen.back().weight += item.weight;
    } else {
      window.seen.push_back({item.time, item.id, item.weight, 0});
    }
  }
  void PushValue(Window& window, const Item& item) {
    const std::string& value = item.values[*plan_.distinct];
    const std::uint64_t hash = XXH3_64bits(value.data(), value.size());
    Window::Last& last = window.last[hash];
    last.id = item.id;
    last.weight += item.weight;
    window.seen.push_back({item.time, item.id, item.weight, hash});
    if (window.seen.size() > 2 * window.last.size() + kExact) Compact(window);
  }
  void PopFront(Window& window) {
    const Seen& first = window.seen.front();
    const auto last = window.last.find(first.value);
    if (last == window.last.end()) {
      window.weight -= first.weight;
    } else if (last->second.id == first.id) {
      window.weight -= last->second.weight;
      window.last.erase(last);
    }
    window.seen.pop_front();
  }
  static void Compact(Window& window) {
    std::erase_if(window.seen, [&](const Seen& one) { return !window.Counts(one); });
  }

  void Raise(Window& window, const Item& item, std::uint64_t reached) {
    Compact(window);
    Happening happening = HappeningOf(item);
    happening.first = window.seen.front().time;
    happening.count = window.weight;
    happening.record_ids.clear();
    const std::size_t kept = std::min(plan_.samples(), window.seen.size());
    for (std::size_t i = window.seen.size() - kept; i < window.seen.size(); ++i)
      happening.record_ids.push_back(window.seen[i].id);
    happening.extras = {{"distinct", std::to_string(plan_.distinct ? reached : 0)}};
    events_.Raise(happening);
    window.Clear();
    window.until = item.time + repeat_;
  }

  void Clear(Entry& entry) {
    entry.state.Clear();
    table_.Resized(entry);
  }

  const std::uint64_t count_;
  const std::int64_t window_, repeat_;
};

}  // namespace

std::unique_ptr<Detector> MakeThreshold(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<Threshold>(plan, events, max_bytes);
}

}  // namespace cistern::detect
