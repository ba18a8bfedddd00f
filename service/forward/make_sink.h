// Which sink serves which kind of target.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "service/forward/sink.h"

namespace cistern {

namespace v1 {
class Target;
}

// What a sink may know of the daemon.
struct SinkContext {
  std::string store_id;
  std::uint64_t epoch = 0;  // grows with each rewind: what is sent again is new to the other side
  std::string saved_state;  // what SaveState() of the sink before said; empty: nothing
  // One record is sent at once to see whether it arrives; nothing else will be sent. Digests do not wait,
  // files are written to but not rotated, and nothing counts against a client id or sequence of the real
  // target.
  bool test = false;
  StepObserver observe;  // never empty
  // Whether records sent to this address and port would come back here; `tcp` or `udp`.
  std::function<bool(const std::string& protocol, const std::string& address, std::uint16_t port)>
      is_own_address;
};

// `target` was checked, has all defaults and outlives the sink. kConfiguration: a secret, certificate or
// template cannot be read.
Result<std::unique_ptr<Sink>, Failure> MakeSink(const v1::Target& target, SinkContext context);
Guarantee GuaranteeOf(const v1::Target& target);

// One a kind, in files of their own.
using MadeSink = Result<std::unique_ptr<Sink>, Failure>;
MadeSink MakeSyslogSink(const v1::Target& target, SinkContext context);
MadeSink MakeFileSink(const v1::Target& target, SinkContext context);
MadeSink MakeConsoleSink(const v1::Target& target, SinkContext context);
MadeSink MakeHttpSink(const v1::Target& target, SinkContext context);
MadeSink MakeCisternSink(const v1::Target& target, SinkContext context);
MadeSink MakeKafkaSink(const v1::Target& target, SinkContext context);
MadeSink MakeMailSink(const v1::Target& target, SinkContext context);
MadeSink MakeMariadbSink(const v1::Target& target, SinkContext context);

}  // namespace cistern
