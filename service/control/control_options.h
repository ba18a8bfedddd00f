// What the control plane needs from the rest of the daemon.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ingest/message/result.h"
#include "ingest/net/net_server.h"
#include "service/cursor/positions.h"
#include "service/detect/detections.h"
#include "service/pipeline/pipeline.h"
#include "service/rules/rule_figures.h"
#include "storage/store.h"

namespace cistern {

class Access;
class AuditLog;
struct Diagnosis;
class EventStore;
class RuleBook;
class Targets;

// What the calls of rules need.
struct RuleOptions {
  RuleBook* book = nullptr;
  RuleFiguresSource figures;
  DetectionLimits limits;        // as those of the daemon
  std::string secret, hostname;  // as of IngestRules, and of records of events
};

// What the status says of rules and events.
struct RulesState {
  std::size_t enabled = 0, total = 0;
  std::uint64_t lag_records = 0, missed_records = 0, open_events = 0;
  double lag_seconds = 0;
};

// Facts about the daemon as a whole. Callable from any thread; outlive the server.
struct AdminHooks {
  std::function<std::vector<ListenerStatus>()> listeners;
  // The configuration in force as YAML, and its file.
  std::function<std::pair<std::string, std::string>()> config;
  // Reloads and says what changed; the error is the text for the operator.
  std::function<Result<std::vector<std::string>, std::string>()> reload;
  std::function<RulesState()> rules;
  std::function<std::vector<Diagnosis>()> diagnose;  // looks at files: not on gRPC's own threads
  std::string store_dir;
  std::int64_t start_time = 0;  // ns
};

struct ControlOptions {
  std::string address;            // HOST:PORT; without `tls` on loopback; empty: none
  std::string unix_socket;        // path; empty: none
  std::string unix_socket_group;  // empty: the process's
  std::optional<TlsOptions> tls;  // of `address`
  Access* access = nullptr;       // these outlive the server
  AuditLog* audit = nullptr;
  std::size_t max_message_size = 64 * 1024;
  Store* store = nullptr;  // these three outlive the server
  Pipeline* pipeline = nullptr;
  CursorPositions* positions = nullptr;
  Targets* targets = nullptr;  // outlive it as well
  EventStore* events = nullptr;
  RuleOptions rules;
  AdminHooks admin;
};

}  // namespace cistern
