// The arrival clock: the newest received time so far, told by records and by promises that none older will
// come.
//
// It goes on by itself, and back only when the clock of the machine was set back: when records of ten
// seconds, one after the other, were received more than a minute and the tolerance before it. Internal
// records do not count for that, nor do single ones that were held up. A promise, being of now, sets it back
// at once, and one that a record breaks by as much is void. So what records do to the clock depends on the
// records alone.
#pragma once

#include <cstdint>
#include <optional>

#include "cistern/v1/stored.pb.h"

namespace cistern {

class ArrivalClock {
 public:
  static constexpr std::int64_t kBound = 60'000'000'000;     // ns, and the tolerance
  static constexpr std::int64_t kEvidence = 10'000'000'000;  // ns
  // The clock goes on by more than that at once: nothing was received, or it was set.
  static constexpr std::int64_t kLeap = 600'000'000'000;  // ns

  // How it moves.
  enum class Move { kOn, kLeap, kBack };

  explicit ArrivalClock(std::int64_t tolerance) : bound_(kBound + tolerance) {}

  // ns; INT64_MIN: nothing was received or promised yet.
  std::int64_t now() const { return clock_ > promised_ ? clock_ : promised_; }
  // By records alone, but for what a promise set back.
  std::int64_t clock() const { return clock_; }

  // Such a record was received so long ago that it counts whether it is an internal one.
  bool IsBehind(std::int64_t received) const { return IsBefore(received, now()); }
  // What Take() would do.
  Move MoveOf(std::int64_t received, bool internal) const;
  Move Take(std::int64_t received, bool internal);
  // Takes records received from `min` to `max` if none of them makes it leap or go back; false: it did
  // nothing.
  bool TakeRange(std::int64_t min, std::int64_t max);
  // No record received before `received` will come any more.
  Move Promise(std::int64_t received);

  void Save(v1::StoredDetections& out) const;
  void Load(const v1::StoredDetections& in);

 private:
  bool IsBefore(std::int64_t received, std::int64_t time) const {
    return received < (time < INT64_MIN + bound_ ? INT64_MIN : time - bound_);
  }
  Move Forward(std::int64_t from, std::int64_t to) const;

  const std::int64_t bound_;
  std::int64_t clock_ = INT64_MIN, promised_ = INT64_MIN;
  // The oldest of the records that stay behind, one after the other.
  std::optional<std::int64_t> behind_;
};

}  // namespace cistern
