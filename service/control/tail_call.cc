// LogService.Tail: a cursor over the store that a client reads.
#include <algorithm>
#include <utility>

#include "service/control/call_filter.h"
#include "service/control/calls.h"
#include "service/control/convert.h"
#include "service/control/deadline.h"
#include "service/control/status_map.h"
#include "service/control/token.h"
#include "service/cursor/cursor.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

struct TailOptions {
  Filter filter;
  RecordId after{};
  std::uint64_t last = 0;  // find the start from the end, on the worker
  bool follow = false, include_raw = false;
  Cursor::Imported imported = Cursor::Imported::kSkip;
  std::string name;  // of the durable position; empty: none
};

class TailCall final : public StreamCall<v1::TailResponse> {
 public:
  TailCall(LogContext& context, grpc::CallbackServerContext* rpc, TailOptions options)
      : StreamCall(context.tail_pool, rpc, std::chrono::seconds(0)),
        context_(context),
        control_{&cancelled(), SteadyDeadline(*rpc)},
        options_(std::move(options)),
        sent_at_(steady_clock::now()) {}

 private:
  Step Run(grpc::Status& status) override {
    if (ended_) return Step::kDone;
    if (!cursor_) {
      status = FindStart();
      if (!status.ok()) return Step::kDone;
    }
    response().Clear();
    bytes_ = 0;
    message_limit_ = context_.tail_budget.NextMessage();
    const auto filled = Fill();
    if (!filled) {
      status = ToGrpc(filled.error());
      return Step::kDone;
    }
    return Decide(*filled == Filled::kCaughtUp, status);
  }

  enum class Filled { kMore, kCaughtUp };

  // Reads until a message is full or nothing is left. One task reads at most a few batches, so that streams
  // share the pool.
  Result<Filled> Fill() {
    constexpr int kMaxBatches = 16;
    for (int i = 0; i < kMaxBatches; ++i) {
      if (gap_) {
        if (response().records_size() > 0 || response().has_gap()) return Filled::kMore;
        SetGap(*std::exchange(gap_, std::nullopt));  // it stands before the records that follow
      }
      if (next_row_ < rows_) {
        CopyRows();
        if (bytes_ >= message_limit_) return Filled::kMore;
        continue;
      }
      if (cancelled().load(std::memory_order_relaxed)) return Filled::kMore;
      const auto state = cursor_->Next();
      if (!state) return state.error();
      next_row_ = 0;
      rows_ = *state == Cursor::State::kMatches ? cursor_->rows().size() : 0;
      gap_ = cursor_->TakeGap();
      if (!gap_ && *state == Cursor::State::kCaughtUp) return Filled::kCaughtUp;
    }
    return Filled::kMore;
  }

  void CopyRows() {
    while (next_row_ < rows_ && bytes_ < message_limit_) {
      const Record record = cursor_->view().Row(cursor_->rows()[next_row_++]);
      ToProto(record, options_.include_raw, response().add_records());
      bytes_ += ApproximateSize(record, options_.include_raw);
      reached_ = record.id;
    }
    if (next_row_ == rows_) reached_ = std::max(reached_, cursor_->position());
  }

  Step Decide(bool caught_up, grpc::Status& status) {
    if (next_row_ == rows_ && !gap_) reached_ = std::max(reached_, cursor_->position());
    if (caught_up) cursor_->LetGo();  // many may wait for long
    const bool content = response().records_size() > 0 || response().has_gap();
    const bool turned_live = caught_up && options_.follow && !live_;
    if (content || turned_live || ProgressDue()) {
      live_ = live_ || turned_live;
      response().set_live(live_);
      response().set_resume_token(FormatToken({context_.store.store_id(), ToInt(reached_), 0}));
      sent_at_ = steady_clock::now();
      sent_id_ = reached_;
      ended_ = caught_up && !options_.follow;
      Hold();
      return Step::kWrite;
    }
    if (draining() && caught_up) {
      status = {grpc::StatusCode::UNAVAILABLE, "the server is stopping; resume with the last token"};
      return Step::kDone;
    }
    if (caught_up && !options_.follow) return Step::kDone;
    if (steady_clock::now() >= control_.deadline) {
      status = ToGrpc(StoreErrc::kDeadline);
      return Step::kDone;
    }
    return caught_up ? Step::kWait : Step::kAgain;
  }

  bool ProgressDue() const { return reached_ != sent_id_ && steady_clock::now() - sent_at_ >= kTailProgress; }
  // A batch is decoded for each stream, several MiB of it. When the client reads on, a new cursor goes on
  // behind the last record of the message that is on its way.
  void ReleaseMemory() override {
    cursor_.reset();
    gap_.reset();  // the new one finds it again
    rows_ = next_row_ = 0;
    options_.after = reached_;
    options_.last = 0;
  }

  // Until the client has taken the message.
  void Hold() {
    held_ = bytes_;
    context_.tail_budget.Hold(held_);
    kept_ = context_.tail_budget.KeepBatch();
    if (!kept_) ReleaseMemory();
  }
  void GiveBack() {
    context_.tail_budget.GiveBack(std::exchange(held_, 0));
    if (std::exchange(kept_, false)) context_.tail_budget.DropBatch();
  }

  bool WantsTick() override { return steady_clock::now() - sent_at_ >= kTailProgress; }

  void OnSent() override {
    GiveBack();
    if (!options_.name.empty()) context_.positions.Advance(options_.name, sent_id_);
  }

  void Closed() override {
    GiveBack();
    context_.tails.Remove(this);
  }

  void SetGap(const Gap& gap) {
    auto* out = response().mutable_gap();
    out->set_first_record_id(ToInt(gap.first));
    out->set_last_record_id(ToInt(gap.last));
    out->set_records(gap.records);
  }

  grpc::Status FindStart() {
    if (options_.last > 0) {
      std::uint64_t first = 0;
      const auto result = FindLast(first);
      if (!result) return ToGrpc(result.error());
      options_.after = first > 0 ? RecordId{first - 1} : RecordId{result->snapshot_id};
    }
    cursor_.emplace(context_.store, options_.filter, options_.after, options_.imported);
    reached_ = sent_id_ = options_.after;
    return grpc::Status::OK;
  }

  // The first of the last N.
  Result<QueryResult> FindLast(std::uint64_t& first) {
    QueryOptions query;
    query.filter = options_.filter;
    query.limit = 0;
    std::uint64_t found = 0;
    const auto take = [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
      const auto ids = view.Ints(Column::kId);
      const auto flags = view.Ints(Column::kFlags);
      for (const auto row : rows) {
        if (options_.imported == Cursor::Imported::kSkip && (flags[row] & kFlagImported) != 0) continue;
        first = static_cast<std::uint64_t>(ids[row]);
        if (++found == options_.last) return false;
      }
      return true;
    };
    return RunQuery(context_.store, query, control_, take);
  }

  LogContext& context_;
  const QueryControl control_;
  TailOptions options_;
  std::optional<Cursor> cursor_;
  std::size_t next_row_ = 0, rows_ = 0;  // of the cursor's current batch
  std::optional<Gap> gap_;               // to be sent before them
  std::size_t bytes_ = 0, message_limit_ = kLeastTailMessage;
  std::size_t held_ = 0;  // as the budget knows
  bool kept_ = false;     // likewise
  RecordId reached_{};    // a stream resumed behind it misses nothing and repeats nothing
  RecordId sent_id_{};
  bool live_ = false, ended_ = false;
  steady_clock::time_point sent_at_;
};

bool IsCursorName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxClientId &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
         });
}

grpc::Status ReadStart(const v1::TailRequest& request, const LogContext& context, TailOptions& options) {
  const Store& store = context.store;
  switch (request.start_case()) {
    case v1::TailRequest::START_NOT_SET:
      options.after = store.last_id();
      return grpc::Status::OK;
    case v1::TailRequest::kAfterRecordId:
      options.after = RecordId{request.after_record_id()};
      if (options.after > store.last_id()) {
        return {grpc::StatusCode::OUT_OF_RANGE, "after_record_id: larger than any stored id"};
      }
      return grpc::Status::OK;
    case v1::TailRequest::kLast:
      options.last = request.last();
      if (options.last < 1 || options.last > kMaxTailHistory)
        return InvalidArgument("last: must be 1 to 100000");
      return grpc::Status::OK;
    case v1::TailRequest::kResumeToken:
      break;
  }
  const auto token = ParseToken(request.resume_token(), store.store_id());
  if (!token && token.error() == StoreErrc::kForeignToken) return ToGrpc(token.error());
  if (!token) return InvalidArgument("resume_token: is not one that Tail gave");
  options.after = RecordId{token->after_id};
  return grpc::Status::OK;
}

grpc::Status ReadOptions(const v1::TailRequest& request, const grpc::CallbackServerContext& rpc,
                         LogContext& context, TailOptions& options) {
  if (auto status = ReadFilter(rpc, request.filter(), options.filter); !status.ok()) return status;
  options.follow = request.follow();
  options.include_raw = request.include_raw();
  if (request.include_imported()) options.imported = Cursor::Imported::kInclude;
  if (request.cursor_name().empty()) return ReadStart(request, context, options);
  if (!IsCursorName(request.cursor_name())) {
    return InvalidArgument("cursor_name: 1 to 128 letters, digits, '.', '_' and '-'");
  }
  options.name = "tail/" + request.cursor_name();
  const auto position = context.positions.Get(options.name);
  if (position && request.start_case() != v1::TailRequest::kResumeToken) {
    options.after = *position;
    return grpc::Status::OK;
  }
  return ReadStart(request, context, options);
}

}  // namespace

grpc::ServerWriteReactor<v1::TailResponse>* StartTail(LogContext& context, grpc::CallbackServerContext* rpc,
                                                      const v1::TailRequest& request) {
  TailOptions options;
  if (auto status = ReadOptions(request, *rpc, context, options); !status.ok()) {
    return new Finished<grpc::ServerWriteReactor<v1::TailResponse>>(status);
  }
  auto call = std::make_shared<TailCall>(context, rpc, std::move(options));
  if (!context.tails.Add(call)) {
    return new Finished<grpc::ServerWriteReactor<v1::TailResponse>>(
        {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many tails are open; close some"});
  }
  call->Begin();
  return call.get();
}

}  // namespace cistern
