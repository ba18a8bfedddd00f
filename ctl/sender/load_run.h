// Sends a load: one thread and one connection a sender, paced or as fast as they go.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "ctl/sender/connection.h"
#include "ctl/sender/load_text.h"

namespace cistern::ctl {

struct LoadOptions {
  std::string run;           // see MakeRunId()
  std::uint64_t count = 0;   // messages of all senders together
  double rate = 0;           // messages a second of all senders together; 0: as fast as possible
  unsigned connections = 1;  // senders; each sends its part of `count`
  LoadFormat format = LoadFormat::kMixed;
  std::size_t size = 0;  // octets a message; 0: about 174
  SendFraming framing = SendFraming::kNone;
  std::size_t batch = 512;  // most messages handed to a connection at once
};

struct LoadResult {
  std::uint64_t sent = 0;    // taken by the kernel or, over gRPC, acknowledged or in the call when it broke
  std::uint64_t failed = 0;  // refused by the kernel or the peer, as far as that is known
  std::uint64_t octets = 0;  // of the messages, without framing
  std::vector<std::uint64_t> attempted;     // last sequence of each sender
  std::chrono::duration<double> elapsed{};  // until the receivers had closed their sides
  std::string error;                        // the first one; empty when there was none
};

// Opens the connection of sender `s`; null and `error` when that fails.
using OpenSender = std::function<std::unique_ptr<Connection>(unsigned s, std::string& error)>;

// Opens all connections, then sends. Ends early when `stop` is requested; whole messages only.
LoadResult RunLoad(const LoadOptions& options, const OpenSender& open, std::stop_token stop);

}  // namespace cistern::ctl
