// One function a method of LogService: checks the request and starts the call. The reactors own themselves.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "cistern/v1/log_service.pb.h"
#include "service/control/log_context.h"
#include "storage/query/query.h"

namespace cistern {

grpc::ServerWriteReactor<v1::QueryResponse>* StartQuery(LogContext& context, grpc::CallbackServerContext* rpc,
                                                        const v1::QueryRequest& request);
grpc::ServerWriteReactor<v1::TailResponse>* StartTail(LogContext& context, grpc::CallbackServerContext* rpc,
                                                      const v1::TailRequest& request);
grpc::ServerUnaryReactor* StartAggregate(LogContext& context, grpc::CallbackServerContext* rpc,
                                         const v1::AggregateRequest& request,
                                         v1::AggregateResponse* response);
grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* StartIngest(LogContext& context,
                                                                            grpc::CallbackServerContext* rpc);

grpc::ServerWriteReactor<v1::SqlResponse>* StartSql(LogContext& context, grpc::CallbackServerContext* rpc,
                                                    const v1::SqlRequest& request);

void FillCost(const QueryCost& cost, v1::QuerySummary* out);

// A call that ends at once, of any kind.
template <class Reactor>
class Finished final : public Reactor {
 public:
  explicit Finished(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace cistern
