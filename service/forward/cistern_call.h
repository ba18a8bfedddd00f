// Calls to another Cistern that end at once when they are no longer wanted. gRPC's threads work on them; the
// thread of the target waits.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "service/forward/cistern_channel.h"
#include "service/forward/stop.h"

namespace cistern {

using Deadline = std::chrono::steady_clock::time_point;

enum class Waited { kDone, kStopped, kTimedOut };

// State that other threads change and one waits for, together with a Stop.
class CallProgress {
 public:
  CallProgress();
  ~CallProgress();
  CallProgress(const CallProgress&) = delete;
  CallProgress& operator=(const CallProgress&) = delete;

  // Any thread. `change` runs under the lock.
  void Change(const std::function<void()>& change);
  // One thread. `done` runs under the lock. `stop` may be null.
  Waited Wait(const std::function<bool()>& done, Deadline deadline, const Stop* stop);

 private:
  std::mutex mutex_;
  const int fd_;  // an eventfd, written with each change
};

// How a call that was waited for went.
struct CallEnd {
  Waited waited = Waited::kDone;
  grpc::Status status;  // kDone
};

// AdminService.GetStatus.
CallEnd AskStatus(v1::AdminService::Stub& stub, const CisternSecrets& secrets, Deadline deadline,
                  const Stop& stop, v1::GetStatusResponse& response);

// LogService.Ingest. Destruction ends the call.
class RelayStream final : private grpc::ClientBidiReactor<v1::IngestRequest, v1::IngestResponse> {
 public:
  RelayStream(v1::LogService::Stub& stub, const CisternSecrets& secrets);
  ~RelayStream() override;

  // Sends the request, unless it is empty, and waits until the other side has answered and committed
  // `sequence`. Whatever else it returns than kDone and OK, the stream is over. `request` is no longer used
  // then.
  CallEnd Send(const v1::IngestRequest& request, std::uint64_t sequence, Deadline deadline, const Stop& stop);
  std::uint64_t committed() const { return committed_; }
  // The other side has ended it.
  bool over();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void End();

  CallProgress progress_;
  grpc::ClientContext context_;
  v1::IngestResponse response_;  // gRPC's
  std::atomic<std::uint64_t> committed_{0};
  bool answered_ = false, writing_ = false, ended_ = false, done_ = false;
  bool released_ = false;
  grpc::Status status_;
};

}  // namespace cistern
