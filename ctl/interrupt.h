// SIGINT and SIGTERM as a stop request, for commands that run until they are told to stop.
#pragma once

#include <stop_token>
#include <thread>

namespace cistern::ctl {

// While it lives, the first SIGINT or SIGTERM calls source.request_stop(); the next one ends the process as
// usual. Create it before any other thread (a gRPC channel has some): they must inherit the blocked signals.
class InterruptGuard {
 public:
  explicit InterruptGuard(std::stop_source source);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  void Wait();

  std::stop_source source_;
  int signal_fd_ = -1;
  int done_fd_ = -1;
  std::thread thread_;
};

}  // namespace cistern::ctl
