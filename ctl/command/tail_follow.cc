#include "ctl/command/tail_follow.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <ostream>

#include "ctl/printer/time_text.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

constexpr std::chrono::milliseconds kFirstBackOff{200};
constexpr std::chrono::milliseconds kLongestBackOff{5'000};

}  // namespace

Follower::Follower(Context& context, Client& client, RecordPrinter& printer)
    : context_(context), client_(client), printer_(printer), output_(context) {}

void Follower::Run(FollowPlan plan) {
  plan_ = std::move(plan);
  printer_.AppendHeader(output_.text());
  output_.Flush();
  for (;;) {
    const auto status =
        client_.Tail(plan_.request, [this](v1::TailResponse& response) { return OnResponse(response); });
    if (context_.stop.stop_requested() || finished_) break;
    if (status.ok() && !plan_.request.follow()) break;
    if (!status.ok() && !(status.retryable && connected_ && plan_.request.follow())) {
      Report(context_, status, plan_.request.filter());
      break;
    }
    if (!WaitToReconnect(status)) break;
  }
  if (plan_.print_resume && plan_.request.has_resume_token()) {
    *context_.err << "resume: " << plan_.request.resume_token() << '\n';
  }
}

bool Follower::OnResponse(v1::TailResponse& response) {
  if (lost_) Note(context_, "connected again; nothing was missed");
  connected_ = true;
  lost_ = false;
  back_off_ = kFirstBackOff;
  if (response.has_gap()) PrintGap(response.gap());
  for (const auto& record : response.records()) {
    const std::int64_t received = ToNs(record.received_time());
    if (plan_.to && received >= *plan_.to) finished_ = true;
    if (finished_) break;
    if (!plan_.from || received >= *plan_.from) printer_.Append(record, output_.text());
  }
  if (!output_.Flush()) finished_ = true;
  if (!finished_ && !response.resume_token().empty()) plan_.request.set_resume_token(response.resume_token());
  // The server answers at least every few seconds, so this also ends a tail to which nothing comes.
  live_ = live_ || response.live();
  if (plan_.to && live_ && WallTime() >= *plan_.to) finished_ = true;
  return !finished_;
}

void Follower::PrintGap(const v1::TailResponse::Gap& gap) const {
  *context_.err << fmt::format(
                       "cisternctl: gap: retention deleted {} records (ids {} to {}) before they were sent\n",
                       gap.records(), gap.first_record_id(), gap.last_record_id())
                << std::flush;
}

bool Follower::WaitToReconnect(const CallStatus& status) {
  if (!lost_) {
    Note(context_, fmt::format("{}; trying again until it is back",
                               status.ok() ? "the daemon ended the stream" : status.message));
  }
  lost_ = true;
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, context_.stop.get_token(), back_off_, [] { return false; });
  back_off_ = std::min(back_off_ * 2, kLongestBackOff);
  return !context_.stop.stop_requested();
}

}  // namespace cistern::ctl
