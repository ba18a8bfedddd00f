// TargetService: forwarding targets. service/forward does the work.
#pragma once

#include "cistern/v1/target_service.grpc.pb.h"
#include "service/control/log_context.h"
#include "service/forward/targets.h"

namespace cistern {

// What the calls share. Outlives every call. Changes wait for the disk and for a sink to end its connection,
// a retry of dead letters for the destination: they have threads of their own.
struct TargetContext {
  static constexpr int kMaxCalls = 32, kMaxRetries = 8, kMaxTests = 4, kMaxWatches = 32;  // at once
  explicit TargetContext(Targets& the_targets) : targets(the_targets) {}

  Targets& targets;
  WorkerPool status_pool{1}, change_pool{1}, letter_pool{kMaxRetries}, test_pool{kMaxTests};
  OpenStreams calls{kMaxCalls}, retries{kMaxRetries}, tests{kMaxTests}, watches{kMaxWatches};
};

class TargetServiceImpl final : public v1::TargetService::CallbackService {
 public:
  explicit TargetServiceImpl(TargetContext& context) : context_(context) {}

  using Unary = grpc::ServerUnaryReactor;
  using Rpc = grpc::CallbackServerContext;
  Unary* ListTargets(Rpc* rpc, const v1::ListTargetsRequest* request,
                     v1::ListTargetsResponse* response) override;
  Unary* GetTarget(Rpc* rpc, const v1::GetTargetRequest* request, v1::TargetInfo* response) override;
  Unary* ApplyTargets(Rpc* rpc, const v1::ApplyTargetsRequest* request,
                      v1::ApplyTargetsResponse* response) override;
  Unary* DeleteTarget(Rpc* rpc, const v1::DeleteTargetRequest* request,
                      v1::DeleteTargetResponse* response) override;
  Unary* PauseTarget(Rpc* rpc, const v1::PauseTargetRequest* request, v1::TargetInfo* response) override;
  Unary* ResumeTarget(Rpc* rpc, const v1::ResumeTargetRequest* request, v1::TargetInfo* response) override;
  Unary* RewindTarget(Rpc* rpc, const v1::RewindTargetRequest* request,
                      v1::RewindTargetResponse* response) override;
  Unary* ListDeadLetters(Rpc* rpc, const v1::ListDeadLettersRequest* request,
                         v1::ListDeadLettersResponse* response) override;
  Unary* RetryDeadLetters(Rpc* rpc, const v1::DeadLettersRequest* request,
                          v1::DeadLettersResponse* response) override;
  Unary* DiscardDeadLetters(Rpc* rpc, const v1::DeadLettersRequest* request,
                            v1::DeadLettersResponse* response) override;
  grpc::ServerWriteReactor<v1::TestStep>* TestTarget(Rpc* rpc, const v1::TestTargetRequest* request) override;
  grpc::ServerWriteReactor<v1::ListTargetsResponse>* WatchTargets(
      Rpc* rpc, const v1::WatchTargetsRequest* request) override;

 private:
  TargetContext& context_;
};

void ToProto(const TargetView& view, v1::TargetInfo* out);
grpc::ServerWriteReactor<v1::TestStep>* StartTargetTest(TargetContext& context,
                                                        grpc::CallbackServerContext* rpc,
                                                        std::shared_ptr<const v1::Target> definition);
grpc::ServerWriteReactor<v1::ListTargetsResponse>* StartTargetWatch(TargetContext& context,
                                                                    grpc::CallbackServerContext* rpc,
                                                                    const v1::WatchTargetsRequest& request);

}  // namespace cistern
