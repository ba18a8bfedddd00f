// A daemon with canned answers on a loopback port, and a client run against it.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/log_service.pb.h"

namespace cistern::ctl {

// How a call ends: a gRPC code and its text.
struct CallEnd {
  int code = 0;
  std::string text;
};

// One Tail call: what is sent, and how it ends; `hold` waits for the client to leave instead.
struct TailScript {
  std::vector<v1::TailResponse> responses;
  CallEnd end;
  bool hold = false;
};

// Requests and answers are touched by one call at a time; the client under test makes no others.
class FakeDaemon {
 public:
  FakeDaemon();
  ~FakeDaemon();

  std::string addr() const;

  // What the daemon answers. `fail` ends every call but Tail.
  std::vector<v1::QueryResponse> query;
  std::vector<TailScript> tails;  // one a call, in order
  v1::AggregateResponse aggregate;
  v1::GetStatusResponse status;
  std::vector<v1::GetStatusResponse> earlier_status;  // answered before `status`, one a call
  std::vector<v1::ListSendersResponse> senders;       // one a call
  v1::ExplainResponse explain;
  v1::GetConfigResponse config;
  CallEnd fail;

  // What it was asked.
  std::vector<v1::QueryRequest> query_requests;
  std::vector<v1::TailRequest> tail_requests;
  std::vector<v1::AggregateRequest> aggregate_requests;
  std::vector<v1::ListSendersRequest> senders_requests;
  std::vector<v1::ExplainRequest> explain_requests;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct RunResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// Runs `cisternctl --addr ADDR ARGS`. The present is 2026-11-20T10:00:00Z and the zone UTC. When
// `stop_when_seen` is not empty, the client is stopped as Ctrl-C does once its output holds that text.
RunResult Ctl(const FakeDaemon& daemon, std::vector<std::string> args, const std::string& stop_when_seen = "",
              bool terminal = false);
// Without --addr.
RunResult CtlAlone(std::vector<std::string> args, bool terminal = false);

// A record received at second `id` after 2026-11-20T09:00:00Z.
v1::Record MakeRecord(std::uint64_t id, const std::string& message);

}  // namespace cistern::ctl
