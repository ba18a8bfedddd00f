#include "service/forward/read_places.h"

#include <algorithm>
#include <utility>

namespace cistern {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Without a use, and with uses in between: much longer than a destination that works takes for a chunk, so
// that a batch is seldom opened twice.
constexpr milliseconds kUnused{50}, kLongest{250};
constexpr milliseconds kLook{10};

}  // namespace

// The batch that went unused for longest. False: each is in use.
bool ReadPlaces::TakeAway(Time now) {
  ReadPlace* found = nullptr;
  for (ReadPlace* place : taken_) {
    if (place->held_ || (now - place->released_ < kUnused && now - place->first_released_ < kLongest))
      continue;
    if (found == nullptr || place->released_ < found->released_) found = place;
  }
  if (found == nullptr) return false;
  found->let_go_();
  found->here_ = false;
  std::erase(taken_, found);
  return true;
}

bool ReadPlace::Enter(const Stop& stop) {
  std::unique_lock lock(places_.mutex_);
  places_.waiting_.push_back(this);
  const auto mine = [&] {
    if (stop.requested()) return true;
    if (places_.waiting_.front() != this) return false;
    return places_.taken_.size() < places_.count_ || places_.TakeAway(steady_clock::now());
  };
  while (!mine()) places_.changed_.wait_for(lock, kLook);
  std::erase(places_.waiting_, this);
  places_.changed_.notify_all();
  if (stop.requested()) return false;
  places_.taken_.push_back(this);
  here_ = held_ = true;
  released_once_ = false;
  return true;
}

void ReadPlace::Leave() {
  const std::lock_guard lock(places_.mutex_);
  if (!here_) return;
  here_ = held_ = false;
  std::erase(places_.taken_, this);
  places_.changed_.notify_all();
}

void ReadPlace::Release() {
  const std::lock_guard lock(places_.mutex_);
  if (!held_) return;
  held_ = false;
  released_ = steady_clock::now();
  if (!std::exchange(released_once_, true)) first_released_ = released_;
}

bool ReadPlace::Hold() {
  const std::lock_guard lock(places_.mutex_);
  held_ = here_;
  return here_;
}

}  // namespace cistern
