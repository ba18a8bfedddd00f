// A unary call whose work may wait for the disk: it runs on a pool.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>

#include "service/control/call_watch.h"
#include "service/control/calls.h"
#include "service/control/log_context.h"

namespace cistern {

class BlockingCall final : public grpc::ServerUnaryReactor,
                           public OpenStream,
                           public std::enable_shared_from_this<BlockingCall> {
 public:
  using Work = std::function<grpc::Status()>;

  // Runs `work` on `pool` and ends with what it returns, unless the right has ended before its turn. Request
  // and response of the call live that long. At most as many at once as `calls` takes.
  static grpc::ServerUnaryReactor* Start(const grpc::ServerContextBase& rpc, WorkerPool& pool,
                                         OpenStreams& calls, Work work) {
    auto call = std::make_shared<BlockingCall>(calls, std::move(work));
    if (!calls.Add(call))
      return new Finished<grpc::ServerUnaryReactor>(
          {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many such calls run already; retry"});
    call->self_ = call;
    pool.Post([call, facts = FactsOf(rpc)] {
      const auto refused = facts ? facts->revoked() : std::nullopt;
      call->Finish(refused ? *refused : call->work_());
    });
    return call.get();
  }

  BlockingCall(OpenStreams& calls, Work work) : calls_(calls), work_(std::move(work)) {}
  void Wake() override {}
  void Tick() override {}
  void Drain() override {}
  void OnDone() override {
    calls_.Remove(this);
    auto last = std::move(self_);
  }

 private:
  OpenStreams& calls_;
  const Work work_;
  std::shared_ptr<BlockingCall> self_;
};

}  // namespace cistern
