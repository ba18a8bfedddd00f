// LogService: each method hands over to its call (calls.h).
#pragma once

#include "cistern/v1/log_service.grpc.pb.h"
#include "service/control/log_context.h"

namespace cistern {

class LogServiceImpl final : public v1::LogService::CallbackService {
 public:
  // `context` outlives the service.
  explicit LogServiceImpl(LogContext& context) : context_(context) {}

  grpc::ServerWriteReactor<v1::QueryResponse>* Query(grpc::CallbackServerContext* rpc,
                                                     const v1::QueryRequest* request) override;
  grpc::ServerWriteReactor<v1::TailResponse>* Tail(grpc::CallbackServerContext* rpc,
                                                   const v1::TailRequest* request) override;
  grpc::ServerWriteReactor<v1::SqlResponse>* Sql(grpc::CallbackServerContext* rpc,
                                                 const v1::SqlRequest* request) override;
  grpc::ServerUnaryReactor* Aggregate(grpc::CallbackServerContext* rpc, const v1::AggregateRequest* request,
                                      v1::AggregateResponse* response) override;
  grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* Ingest(
      grpc::CallbackServerContext* rpc) override;

 private:
  LogContext& context_;
};

}  // namespace cistern
