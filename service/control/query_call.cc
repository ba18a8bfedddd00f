// LogService.Query: stored records that match, in batches.
#include <grpcpp/server_context.h>

#include <deque>

#include "service/control/call_filter.h"
#include "service/control/calls.h"
#include "service/control/convert.h"
#include "service/control/deadline.h"
#include "service/control/status_map.h"
#include "service/control/token.h"

namespace cistern {
namespace {

// Messages an answer sorted by event time may have: 6 MiB of the 48 that all queries share.
constexpr std::size_t kMaxSortedMessages = 6;

class QueryCall final : public StreamCall<v1::QueryResponse> {
 public:
  QueryCall(LogContext& context, grpc::CallbackServerContext* rpc, QueryOptions options, bool include_raw)
      : StreamCall(context.query_pool, rpc, kStuckQuery),
        context_(context),
        control_{&cancelled(), SteadyDeadline(*rpc), &context.evaluators},
        options_(std::move(options)),
        include_raw_(include_raw),
        last_id_(options_.after_id) {}

 private:
  Step Run(grpc::Status& status) override {
    if (summarised_) return Step::kDone;
    status = Collect();
    if (!status.ok()) return Step::kDone;
    response().Clear();
    if (!pending_.empty()) {
      response().Swap(&pending_.front());
      pending_.pop_front();
    }
    if (pending_.empty() && finished_) Summarise();
    response().set_cursor(FormatToken({context_.store.store_id(), last_id_, options_.snapshot_id}));
    return Step::kWrite;
  }

  void Closed() override { context_.queries.Remove(this); }

  // One run fills one message and stops there; the next goes on behind its last record. Event order can't be
  // continued by id, so there one run collects the whole answer.
  grpc::Status Collect() {
    if (draining()) return {grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"};
    if (!pending_.empty() || finished_) return grpc::Status::OK;
    bytes_ = taken_ = 0;
    stopped_ = false;
    const auto result = RunQuery(
        context_.store, options_, control_,
        [this](BatchView& view, const std::vector<std::uint32_t>& rows) { return Take(view, rows); }, &cost_);
    if (!result) return ToGrpc(result.error());
    if (stopped_ && options_.axis == TimeAxis::kEvent) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              "the answer is too large to sort by time; use a smaller limit"};
    }
    options_.snapshot_id = result->snapshot_id;
    options_.after_id = last_id_;
    if (options_.limit != 0) options_.limit -= taken_;
    finished_ = !stopped_;
    more_ = result->more;
    budget_ = kMaxResponseBytes;
    return grpc::Status::OK;
  }

  bool Take(BatchView& view, const std::vector<std::uint32_t>& rows) {
    for (const std::uint32_t row : rows) {
      if (bytes_ >= budget_ && !StartNextMessage()) return false;
      if (pending_.empty()) pending_.emplace_back();
      const Record record = view.Row(row);
      ToProto(record, include_raw_, pending_.back().add_records());
      bytes_ += ApproximateSize(record, include_raw_);
      last_id_ = ToInt(record.id);
      ++taken_;
    }
    return true;
  }

  bool StartNextMessage() {
    stopped_ = options_.axis != TimeAxis::kEvent || pending_.size() >= kMaxSortedMessages;
    if (stopped_) return false;
    pending_.emplace_back();
    bytes_ = 0;
    return true;
  }

  void Summarise() {
    summarised_ = true;
    auto* summary = response().mutable_summary();
    summary->set_matches(matches_ + static_cast<std::uint64_t>(response().records_size()));
    summary->set_more(more_);
    FillCost(cost_, summary);
  }

  void OnSent() override { matches_ += static_cast<std::uint64_t>(response().records_size()); }

  LogContext& context_;
  const QueryControl control_;
  QueryOptions options_;  // what is left to do
  const bool include_raw_;
  QueryCost cost_;
  std::deque<v1::QueryResponse> pending_;
  std::uint64_t last_id_, taken_ = 0, matches_ = 0;
  std::size_t bytes_ = 0, budget_ = kFirstResponseBytes;
  bool stopped_ = false, finished_ = false, more_ = false, summarised_ = false;
};

grpc::Status ReadOptions(const v1::QueryRequest& request, const grpc::CallbackServerContext& rpc,
                         const Store& store, QueryOptions& options) {
  if (auto status = ReadFilter(rpc, request.filter(), options.filter); !status.ok()) return status;
  options.order = request.order() == v1::QueryRequest::ORDER_OLDEST_FIRST ? ScanOrder::kOldestFirst
                                                                          : ScanOrder::kNewestFirst;
  options.limit = request.limit();
  if (request.has_from()) options.from = FromProto(request.from());
  if (request.has_to()) options.to = FromProto(request.to());
  if (options.from > options.to) return InvalidArgument("from: is later than `to`");
  if (request.time_axis() == v1::QueryRequest::TIME_AXIS_EVENT) {
    options.axis = TimeAxis::kEvent;
    if (options.limit == 0 || options.limit > 10'000) {
      return InvalidArgument("limit: TIME_AXIS_EVENT needs a limit of 1 to 10000");
    }
    if (!request.cursor().empty()) return InvalidArgument("cursor: not with TIME_AXIS_EVENT");
  }
  if (request.cursor().empty()) return grpc::Status::OK;
  const auto token = ParseToken(request.cursor(), store.store_id());
  if (!token && token.error() == StoreErrc::kForeignToken) return ToGrpc(token.error());
  if (!token) return InvalidArgument("cursor: is not one that Query gave");
  options.after_id = token->after_id;
  options.snapshot_id = token->snapshot_id;
  return grpc::Status::OK;
}

}  // namespace

void FillCost(const QueryCost& cost, v1::QuerySummary* out) {
  out->set_batches_considered(cost.batches_considered);
  out->set_batches_read(cost.batches_read);
  out->set_records_considered(cost.records_considered);
  out->set_bytes_read(cost.bytes_read);
  out->set_days(cost.days);
  out->set_batches_pruned_by_time(cost.pruned_by_time);
  out->set_batches_pruned_by_value(cost.pruned_by_value);
  out->set_batches_pruned_by_word(cost.pruned_by_word);
  out->set_batches_pruned_by_template(cost.pruned_by_template);
  out->set_batches_answered_by_index(cost.answered_by_index);
  out->set_records_ruled_out(cost.rows_ruled_out);
  out->set_records_taken(cost.rows_taken);
  out->set_bytes_decoded(cost.bytes_decoded);
  ToProto(cost.time.count(), out->mutable_elapsed());
}

grpc::ServerWriteReactor<v1::QueryResponse>* StartQuery(LogContext& context, grpc::CallbackServerContext* rpc,
                                                        const v1::QueryRequest& request) {
  QueryOptions options;
  if (auto status = ReadOptions(request, *rpc, context.store, options); !status.ok()) {
    return new Finished<grpc::ServerWriteReactor<v1::QueryResponse>>(status);
  }
  auto call = std::make_shared<QueryCall>(context, rpc, std::move(options), request.include_raw());
  if (!context.queries.Add(call)) {
    return new Finished<grpc::ServerWriteReactor<v1::QueryResponse>>(
        {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many queries run at once; retry"});
  }
  call->Begin();
  return call.get();
}

}  // namespace cistern
