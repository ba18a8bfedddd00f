#include "service/control/log_service.h"

#include "service/control/calls.h"

namespace cistern {

grpc::ServerWriteReactor<v1::QueryResponse>* LogServiceImpl::Query(grpc::CallbackServerContext* rpc,
                                                                   const v1::QueryRequest* request) {
  return StartQuery(context_, rpc, *request);
}

grpc::ServerWriteReactor<v1::TailResponse>* LogServiceImpl::Tail(grpc::CallbackServerContext* rpc,
                                                                 const v1::TailRequest* request) {
  return StartTail(context_, rpc, *request);
}

grpc::ServerWriteReactor<v1::SqlResponse>* LogServiceImpl::Sql(grpc::CallbackServerContext* rpc,
                                                               const v1::SqlRequest* request) {
  return StartSql(context_, rpc, *request);
}

grpc::ServerUnaryReactor* LogServiceImpl::Aggregate(grpc::CallbackServerContext* rpc,
                                                    const v1::AggregateRequest* request,
                                                    v1::AggregateResponse* response) {
  return StartAggregate(context_, rpc, *request, response);
}

grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* LogServiceImpl::Ingest(
    grpc::CallbackServerContext* rpc) {
  return StartIngest(context_, rpc);
}

}  // namespace cistern
