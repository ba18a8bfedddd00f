// How many stored batches all targets have open at once: a batch takes 10 to 14 MiB, a target may wait for
// its destination for minutes, and there may be dozens of them.
//
// A reader takes a place before it opens a batch and leaves it with the batch. While a sink waits for its
// destination it has no need of the batch; when all places are taken and another reader wants one, a batch
// that nobody used for a moment, or whose reader had it for long, is taken away. Its reader opens it again
// when its turn comes. Places are given in the order in which they were asked for.
// Threads: ReadPlaces on any; a ReadPlace belongs to one, but `let_go` runs on whichever takes the batch
// away.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "service/forward/stop.h"

namespace cistern {

class ReadPlace;

class ReadPlaces {
 public:
  explicit ReadPlaces(std::size_t count) : count_(count) {}

 private:
  friend class ReadPlace;
  using Time = std::chrono::steady_clock::time_point;

  bool TakeAway(Time now);

  const std::size_t count_;
  std::mutex mutex_;  // guards the rest, and the state of each place; held while a batch is let go
  std::condition_variable changed_;
  std::deque<const ReadPlace*> waiting_;
  std::vector<ReadPlace*> taken_;
};

class ReadPlace {
 public:
  // `let_go` closes the batch.
  ReadPlace(ReadPlaces& places, std::function<void()> let_go) : places_(places), let_go_(std::move(let_go)) {}
  ~ReadPlace() { Leave(); }
  ReadPlace(const ReadPlace&) = delete;
  ReadPlace& operator=(const ReadPlace&) = delete;

  // Waits for a place, which is held then; false: stopped.
  bool Enter(const Stop& stop);
  // The batch was closed.
  void Leave();
  // From now on the batch may be taken away.
  void Release();
  // Until Release() it may not. False: it was.
  bool Hold();
  // Only while it is held, or was to be.
  bool here() const { return here_; }

 private:
  friend class ReadPlaces;

  ReadPlaces& places_;
  const std::function<void()> let_go_;
  bool here_ = false, held_ = false, released_once_ = false;
  ReadPlaces::Time first_released_{}, released_{};
};

}  // namespace cistern
