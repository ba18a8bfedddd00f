// StoreService.Check: what is wrong with the store, a batch at a time.
#include <chrono>

#include "service/control/calls.h"
#include "service/control/convert.h"
#include "service/control/status_map.h"
#include "service/control/store_service.h"
#include "storage/care/check.h"

namespace cistern {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(250);
constexpr std::size_t kMaxFindings = 256;  // in one message

void Fill(const Finding& finding, v1::Finding* out) {
  out->set_kind(static_cast<v1::Finding::Kind>(finding.kind));
  out->set_file(finding.file);
  out->set_text(finding.text);
  out->set_first_record_id(ToInt(finding.first_id));
  out->set_last_record_id(ToInt(finding.last_id));
  out->set_lost_records(finding.lost_records);
  if (finding.min_received != 0) ToProto(finding.min_received, out->mutable_oldest_received_time());
  if (finding.max_received != 0) ToProto(finding.max_received, out->mutable_newest_received_time());
  out->set_repairable(finding.repairable);
}

void Fill(const CheckProgress& progress, v1::CheckProgress* out) {
  out->set_file(progress.file);
  out->set_files(progress.files);
  out->set_files_done(progress.files_done);
  out->set_batches_done(progress.batches);
  out->set_records_done(progress.records);
  out->set_bytes(progress.bytes);
  out->set_bytes_done(progress.bytes_done);
}

class CheckCall final : public StreamCall<v1::CheckResponse> {
 public:
  CheckCall(CareContext& context, grpc::CallbackServerContext* rpc)
      : StreamCall(context.pool, rpc, kStuckQuery), context_(context) {}

 private:
  using Clock = std::chrono::steady_clock;

  Step Run(grpc::Status& status) override {
    if (draining()) {
      status = {grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"};
      return Step::kDone;
    }
    if (check_ && check_->done()) return Step::kDone;
    if (!check_) {
      auto check = StoreCheck::OfStore(context_.store, context_.dir);
      if (!check) {
        status = ToGrpc(check.error());
        return Step::kDone;
      }
      check_ = std::move(*check);
    }
    check_->Step(findings_);
    const bool due = check_->done() || findings_.size() >= kMaxFindings || Clock::now() >= next_message_;
    if (!due) return Step::kAgain;
    FillResponse();
    return Step::kWrite;
  }

  void FillResponse() {
    next_message_ = Clock::now() + kInterval;
    response().Clear();
    for (const Finding& finding : findings_) Fill(finding, response().add_findings());
    findings_.clear();
    const CheckProgress& progress = check_->progress();
    Fill(progress, response().mutable_progress());
    if (!check_->done()) return;
    v1::CheckSummary* summary = response().mutable_summary();
    summary->set_findings(progress.findings);
    summary->set_files(progress.files_done);
    summary->set_batches(progress.batches);
    summary->set_records(progress.records);
    summary->set_lost_records(progress.lost_records);
  }

  void Closed() override { context_.calls.Remove(this); }

  CareContext& context_;
  std::unique_ptr<StoreCheck> check_;
  std::vector<Finding> findings_;
  Clock::time_point next_message_{};
};

}  // namespace

grpc::ServerWriteReactor<v1::CheckResponse>* StartCheck(CareContext& context,
                                                        grpc::CallbackServerContext* rpc) {
  auto call = std::make_shared<CheckCall>(context, rpc);
  if (!context.calls.Add(call))
    return new Finished<grpc::ServerWriteReactor<v1::CheckResponse>>(TooManyCareCalls());
  call->Begin();
  return call.get();
}

}  // namespace cistern
