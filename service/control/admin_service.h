// AdminService: short answers about the daemon, given on gRPC's own threads except where the store is read.
#pragma once

#include <utility>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "service/control/control_options.h"
#include "service/control/log_context.h"

namespace cistern {

class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(LogContext& context, AdminHooks hooks) : context_(context), hooks_(std::move(hooks)) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* rpc, const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* rpc, const v1::GetConfigRequest* request,
                                      v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* ListSenders(grpc::CallbackServerContext* rpc,
                                        const v1::ListSendersRequest* request,
                                        v1::ListSendersResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* rpc, const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* Diagnose(grpc::CallbackServerContext* rpc, const v1::DiagnoseRequest* request,
                                     v1::DiagnoseResponse* response) override;
  grpc::ServerUnaryReactor* Reload(grpc::CallbackServerContext* rpc, const v1::ReloadRequest* request,
                                   v1::ReloadResponse* response) override;

 private:
  void FillStatus(v1::GetStatusResponse* out) const;

  LogContext& context_;
  const AdminHooks hooks_;
};

// Fills the answer of Explain from the store; NOT_FOUND when the record is not there, or `visible` does not
// match it.
grpc::Status ExplainRecord(Store& store, std::uint64_t record_id, const Filter& visible,
                           v1::ExplainResponse* out);

}  // namespace cistern
