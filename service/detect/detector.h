// What one kind of detection does with its records, one after the other by time.
#pragma once

#include <memory>

#include "service/detect/event_writer.h"
#include "service/detect/item.h"
#include "service/detect/plan.h"

namespace cistern::detect {

class Detector {
 public:
  virtual ~Detector() = default;

  // The rule begins; called once, before all else.
  virtual void Begin(std::int64_t /*time*/) {}
  virtual void Take(const Item& item) = 0;
  // When there is something to do by itself; kNever: not as far as is known.
  virtual std::int64_t NextTimer() { return kNever; }
  // Does the first of it.
  virtual void RunTimer() {}

  // A time before which about `most` timers run; kNever: not that many before `bound`.
  virtual std::int64_t EndOfTimers(std::size_t /*most*/, std::int64_t /*bound*/) const { return kNever; }
  // All times it keeps are less by that, ns.
  virtual void SetBack(std::int64_t span) = 0;

  virtual std::size_t keys() const = 0;
  virtual std::size_t bytes() const = 0;
  // Forgets the key not seen for longest; false: there is none.
  virtual bool Evict() = 0;
  virtual std::uint64_t TakeEvicted() = 0;
  // Transactions given up so far.
  virtual std::uint64_t expired() const { return 0; }

  virtual void Save(v1::StoredDetection& out) const = 0;
  // False: it is not what Save() wrote; the detector is of no use any more.
  virtual bool Load(const v1::StoredDetection& in) = 0;
};

// With one table of keys.
template <class State>
class KeyedDetector : public Detector {
 public:
  KeyedDetector(const Plan& plan, EventWriter& events, std::size_t max_keys, std::size_t max_bytes)
      : plan_(plan), events_(events), table_(max_keys, max_bytes) {}

  std::int64_t EndOfTimers(std::size_t most, std::int64_t bound) const override {
    return table_.EndOfDue(most, bound);
  }
  void SetBack(std::int64_t span) override { table_.SetBack(span); }
  std::size_t keys() const override { return table_.size(); }
  std::size_t bytes() const override { return table_.bytes(); }
  bool Evict() override { return table_.EvictOldest(); }
  std::uint64_t TakeEvicted() override { return table_.TakeEvicted(); }
  void Save(v1::StoredDetection& out) const override { table_.Save(*out.mutable_keys()); }
  bool Load(const v1::StoredDetection& in) override { return table_.Load(in.keys()); }

 protected:
  using Entry = typename KeyTable<State>::Entry;

  const Plan& plan_;
  EventWriter& events_;
  KeyTable<State> table_;
};

// A happening made of one record.
Happening HappeningOf(const Item& item);

// `max_bytes`: of its keys. Both references outlive it. Not for reports.
std::unique_ptr<Detector> MakeDetector(const Plan& plan, EventWriter& events, std::size_t max_bytes);

// One kind each.
std::unique_ptr<Detector> MakeMatch(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeThreshold(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeSequence(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeTransaction(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeAbsent(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeFirstSeen(const Plan& plan, EventWriter& events, std::size_t max_bytes);
std::unique_ptr<Detector> MakeRateChange(const Plan& plan, EventWriter& events, std::size_t max_bytes);

}  // namespace cistern::detect
