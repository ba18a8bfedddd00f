#include "service/detect/arrival_clock.h"

#include <algorithm>

namespace cistern {

ArrivalClock::Move ArrivalClock::Forward(std::int64_t from, std::int64_t to) const {
  if (to <= from) return Move::kOn;
  // The first is one: what is kept may be of long ago.
  return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) > kLeap ? Move::kLeap : Move::kOn;
}

ArrivalClock::Move ArrivalClock::MoveOf(std::int64_t received, bool internal) const {
  if (!IsBehind(received)) return Forward(clock_, received);
  if (internal) return Move::kOn;
  if (!IsBefore(received, clock_)) return Move::kBack;  // a promise was broken
  return behind_ && received >= *behind_ + kEvidence ? Move::kBack : Move::kOn;
}

ArrivalClock::Move ArrivalClock::Take(std::int64_t received, bool internal) {
  const Move move = MoveOf(received, internal);
  if (move == Move::kBack) {
    clock_ = IsBefore(received, clock_) ? received : std::max(clock_, received);
    promised_ = INT64_MIN;
    behind_.reset();
  } else if (!IsBefore(received, clock_)) {
    clock_ = std::max(clock_, received);
    behind_.reset();
  } else if (!internal) {
    behind_ = std::min(behind_.value_or(received), received);
  }
  return move;
}

bool ArrivalClock::TakeRange(std::int64_t min, std::int64_t max) {
  if (IsBefore(min, std::max(now(), max)) || Forward(clock_, max) != Move::kOn) return false;
  clock_ = std::max(clock_, max);
  behind_.reset();
  return true;
}

ArrivalClock::Move ArrivalClock::Promise(std::int64_t received) {
  if (IsBehind(received)) {
    clock_ = received;
    promised_ = INT64_MIN;
    behind_.reset();
    return Move::kBack;
  }
  const Move move = Forward(now(), received);
  promised_ = std::max(promised_, received);
  return move;
}

void ArrivalClock::Save(v1::StoredDetections& out) const {
  if (clock_ != INT64_MIN) out.set_clock(clock_);
  if (promised_ != INT64_MIN) out.set_promised(promised_);
  if (behind_) out.set_behind(*behind_);
}

void ArrivalClock::Load(const v1::StoredDetections& in) {
  clock_ = in.has_clock() ? in.clock() : INT64_MIN;
  promised_ = in.has_promised() ? in.promised() : INT64_MIN;
  behind_ = in.has_behind() ? std::optional(in.behind()) : std::nullopt;
}

}  // namespace cistern
