#include "service/forward/cistern_call.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace cistern {

CallProgress::CallProgress() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
CallProgress::~CallProgress() { close(fd_); }

// The lock is held to the end: whoever waits may destroy this as soon as it sees the change.
void CallProgress::Change(const std::function<void()>& change) {
  const std::lock_guard lock(mutex_);
  change();
  const std::uint64_t one = 1;
  (void)!write(fd_, &one, sizeof one);
}

Waited CallProgress::Wait(const std::function<bool()>& done, Deadline deadline, const Stop* stop) {
  using std::chrono::milliseconds;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      std::uint64_t count;
      (void)!read(fd_, &count, sizeof count);
      if (done()) return Waited::kDone;
    }
    if (stop != nullptr && stop->requested()) return Waited::kStopped;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return Waited::kTimedOut;
    const auto left = std::chrono::ceil<milliseconds>(
        std::min<std::chrono::nanoseconds>(deadline - now, std::chrono::hours(1)));
    pollfd ready[] = {{fd_, POLLIN, 0}, {stop != nullptr ? stop->fd() : -1, POLLIN, 0}};
    poll(ready, 2, static_cast<int>(left.count()));
  }
}

CallEnd AskStatus(v1::AdminService::Stub& stub, const CisternSecrets& secrets, Deadline deadline,
                  const Stop& stop, v1::GetStatusResponse& response) {
  grpc::ClientContext context;
  AddToken(secrets, context);
  const v1::GetStatusRequest request;
  CallProgress progress;
  bool done = false;
  CallEnd end;
  stub.async()->GetStatus(&context, &request, &response, [&](const grpc::Status& status) {
    progress.Change([&] {
      end.status = status;
      done = true;
    });
  });
  end.waited = progress.Wait([&] { return done; }, deadline, &stop);
  if (end.waited == Waited::kDone) return end;
  context.TryCancel();
  progress.Wait([&] { return done; }, Deadline::max(), nullptr);
  return end;
}

RelayStream::RelayStream(v1::LogService::Stub& stub, const CisternSecrets& secrets) {
  AddToken(secrets, context_);
  stub.async()->Ingest(&context_, this);
  AddHold();  // for Send(), which starts writes from outside
  StartRead(&response_);
  StartCall();
}

RelayStream::~RelayStream() {
  context_.TryCancel();
  End();
}

// Nothing is started from here on; waits for the status.
void RelayStream::End() {
  if (!std::exchange(released_, true)) RemoveHold();
  progress_.Wait([this] { return done_; }, Deadline::max(), nullptr);
}

bool RelayStream::over() {
  return progress_.Wait([this] { return ended_; }, Deadline::min(), nullptr) == Waited::kDone;
}

CallEnd RelayStream::Send(const v1::IngestRequest& request, std::uint64_t sequence, Deadline deadline,
                          const Stop& stop) {
  writing_ = true;
  StartWrite(&request);
  const auto over = [&] { return ended_ || (!writing_ && answered_ && committed_ >= sequence); };
  CallEnd end;
  end.waited = progress_.Wait(over, deadline, &stop);
  if (end.waited == Waited::kDone && !ended_) return end;
  if (end.waited != Waited::kDone) context_.TryCancel();
  End();
  end.status = status_;
  return end;
}

void RelayStream::OnReadDone(bool ok) {
  progress_.Change([&] {
    ended_ = ended_ || !ok;
    if (!ok) return;
    answered_ = true;
    committed_ = std::max(committed_.load(), response_.committed_sequence());
  });
  if (ok) StartRead(&response_);
}

void RelayStream::OnWriteDone(bool ok) {
  progress_.Change([&] {
    writing_ = false;
    ended_ = ended_ || !ok;
  });
}

void RelayStream::OnDone(const grpc::Status& status) {
  progress_.Change([&] {
    status_ = status;
    done_ = true;
  });
}

}  // namespace cistern
