// LogService.Aggregate: counts, histograms and top values.
#include <limits>

#include "proto/convert/utf8.h"
#include "service/control/call_filter.h"
#include "service/control/calls.h"
#include "service/control/convert.h"
#include "service/control/deadline.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

constexpr std::int64_t kMinBucket = 1'000'000;  // 1 ms
constexpr std::uint32_t kMaxTop = 10'000;

grpc::Status ReadOptions(const v1::AggregateRequest& request, const grpc::CallbackServerContext& rpc,
                         AggregateOptions& options) {
  if (auto status = ReadFilter(rpc, request.filter(), options.filter); !status.ok()) return status;
  if (request.has_from()) options.from = FromProto(request.from());
  if (request.has_to()) options.to = FromProto(request.to());
  if (options.from > options.to) return InvalidArgument("from: is later than `to`");
  if (request.time_axis() == v1::QueryRequest::TIME_AXIS_EVENT) options.axis = TimeAxis::kEvent;
  if (request.has_bucket()) {
    options.bucket = FromProto(request.bucket());
    if (options.bucket < kMinBucket) return InvalidArgument("bucket: must be at least 1 ms");
  }
  if (request.top_field().empty()) return grpc::Status::OK;
  auto field = ParseField(request.top_field());
  if (!field) return ToGrpc(field.error(), "top_field");
  options.top_field = *field;
  options.top_limit = request.top_limit() == 0 ? 10 : request.top_limit();
  if (options.top_limit > kMaxTop) return InvalidArgument("top_limit: must be at most 10000");
  return grpc::Status::OK;
}

class AggregateCall final : public grpc::ServerUnaryReactor,
                            public OpenStream,
                            public std::enable_shared_from_this<AggregateCall> {
 public:
  AggregateCall(LogContext& context, grpc::CallbackServerContext* rpc, AggregateOptions options,
                v1::AggregateResponse* response)
      : context_(context),
        options_(std::move(options)),
        response_(response),
        deadline_(SteadyDeadline(*rpc)) {}

  void Begin() {
    self_ = shared_from_this();
    context_.query_pool.Post([self = self_] { self->Run(); });
  }
  void Wake() override {}
  void Tick() override {}
  void Drain() override { cancelled_.store(true); }
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override {
    context_.queries.Remove(this);
    auto last = std::move(self_);
  }

 private:
  void Run() {
    QueryCost cost;
    const auto result = RunAggregate(context_.store, options_,
                                     QueryControl{&cancelled_, deadline_, &context_.evaluators}, &cost);
    if (!result) return Finish(ToGrpc(result.error()));
    response_->set_count(result->count);
    for (const auto& [start, count] : result->histogram) {
      auto* bucket = response_->add_buckets();
      ToProto(start, bucket->mutable_start());
      bucket->set_count(count);
    }
    for (const auto& [value, count] : result->top) {
      auto* out = response_->add_values();
      out->set_value(ToUtf8(value));
      out->set_count(count);
    }
    response_->set_distinct_values(result->distinct);
    response_->set_without_value(result->without_value);
    response_->set_other(result->other);
    response_->mutable_summary()->set_matches(result->count);
    FillCost(cost, response_->mutable_summary());
    Finish(grpc::Status::OK);
  }

  LogContext& context_;
  const AggregateOptions options_;
  v1::AggregateResponse* const response_;  // gRPC's, valid until OnDone
  const std::chrono::steady_clock::time_point deadline_;
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<AggregateCall> self_;
};

}  // namespace

grpc::ServerUnaryReactor* StartAggregate(LogContext& context, grpc::CallbackServerContext* rpc,
                                         const v1::AggregateRequest& request,
                                         v1::AggregateResponse* response) {
  AggregateOptions options;
  if (auto status = ReadOptions(request, *rpc, options); !status.ok())
    return new Finished<grpc::ServerUnaryReactor>(status);
  auto call = std::make_shared<AggregateCall>(context, rpc, std::move(options), response);
  if (!context.queries.Add(call)) {
    return new Finished<grpc::ServerUnaryReactor>(
        {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many queries run at once; retry"});
  }
  call->Begin();
  return call.get();
}

}  // namespace cistern
