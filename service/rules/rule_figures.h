// What a rule did, since the start of the daemon: of ingest rules and detections alike.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace cistern {

struct RuleFigures {
  std::uint64_t matched = 0, dropped = 0, changed = 0;  // records
  std::uint64_t events = 0;                             // raised
  std::uint64_t suppressed = 0;                         // not raised, for there were too many
  std::uint64_t keys = 0;                               // known now
  std::uint64_t evicted = 0;                            // keys that had to go
  std::uint64_t expired = 0;                            // transactions given up
  std::uint64_t state_bytes = 0;                        // about
};

// By name; of the rules in force. Any thread.
using RuleFiguresSource = std::function<std::map<std::string, RuleFigures>()>;

}  // namespace cistern
