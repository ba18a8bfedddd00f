#include <fmt/format.h>

#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

struct Awaited {
  bool silent = false;   // the event was raised
  std::uint64_t id = 0;  // of the last record; 0: none
  Values values;         // its values

  std::size_t bytes() const { return BytesOf(values); }
  void SetBack(std::int64_t) {}
  void Save(v1::StoredKey& out) const {
    v1::StoredPart& part = *out.add_parts();
    part.add_numbers(silent);
    part.add_numbers(static_cast<std::int64_t>(id));
    for (const std::string& value : values) part.add_values(value);
  }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() != 1 || in.parts(0).numbers_size() != 2) return false;
    silent = in.parts(0).numbers(0) != 0;
    id = static_cast<std::uint64_t>(in.parts(0).numbers(1));
    values.assign(in.parts(0).values().begin(), in.parts(0).values().end());
    return true;
  }
};

class Absent final : public KeyedDetector<Awaited> {
 public:
  Absent(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : KeyedDetector(plan, events, plan.rule.absent().max_keys(), max_bytes),
        after_(plan.rule.absent().after()),
        forget_after_(plan.rule.absent().forget_after() > 0 ? plan.rule.absent().forget_after()
                                                            : 30 * after_) {}

  void Begin(std::int64_t time) override {
    if (!plan_.by.empty()) return;
    Entry& entry = table_.Touch("", time);
    entry.state.values.resize(plan_.slots.size());
    table_.SetDue(entry, time + after_);
  }

  void Take(const Item& item) override {
    Entry& entry = table_.Touch(item.key, item.time);
    if (entry.state.silent) events_.Resolve(item.key, item.time);
    entry.state = {false, item.id, item.values};
    table_.SetDue(entry, item.time + after_);
    table_.Resized(entry);
  }

  void Save(v1::StoredDetection& out) const override {
    KeyedDetector::Save(out);
    for (const Entry& entry : table_.entries())
      if (entry.state.silent) out.add_silent(entry.key);
  }

  std::int64_t NextTimer() override { return table_.NextDue(); }
  void RunTimer() override {
    Entry& entry = table_.TakeDue();
    if (entry.state.silent) return table_.Erase(entry);
    entry.state.silent = true;
    // One that is awaited whatever the key is never forgotten.
    if (!plan_.by.empty()) table_.SetDue(entry, entry.seen + std::max(forget_after_, after_ + 1));
    Happening happening;
    happening.key = entry.key;
    happening.at = happening.first = happening.last = entry.seen + after_;
    happening.values = &entry.state.values;
    happening.extras = {{"silent", DurationText(after_)}};
    if (entry.state.id != 0) happening.record_ids = {entry.state.id};
    events_.Raise(happening);
  }

 private:
  const std::int64_t after_, forget_after_;
};

}  // namespace

std::unique_ptr<Detector> MakeAbsent(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<Absent>(plan, events, max_bytes);
}

}  // namespace cistern::detect
