// A tail that lasts: shows records as they come and goes on after a lost connection.
#pragma once

#include <chrono>
#include <optional>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"

namespace cistern::ctl {

struct FollowPlan {
  v1::TailRequest request;
  std::optional<std::int64_t> from;  // records received before it are not shown
  std::optional<std::int64_t> to;    // the first record received then or later, or the clock, ends the tail
  bool print_resume = false;         // say where it ended, for --resume
};

class Follower {
 public:
  // All outlive the follower.
  Follower(Context& context, Client& client, RecordPrinter& printer);

  // Runs until the end of history (request.follow is false), `plan.to`, a stop of context.stop, or an error
  // that trying again cannot mend; then sets context.exit_code. A connection that was up and is lost is tried
  // again for ever, with back-off, behind the last response.
  void Run(FollowPlan plan);

 private:
  bool OnResponse(v1::TailResponse& response);
  void PrintGap(const v1::TailResponse::Gap& gap) const;
  // False: stopped while waiting.
  bool WaitToReconnect(const CallStatus& status);

  Context& context_;
  Client& client_;
  RecordPrinter& printer_;
  Output output_;
  FollowPlan plan_;
  bool connected_ = false;  // there was a response
  bool lost_ = false;       // and none since the connection was lost
  bool live_ = false;       // all history was shown
  bool finished_ = false;   // plan_.to is reached, or the output is gone
  std::chrono::milliseconds back_off_{0};
};

}  // namespace cistern::ctl
