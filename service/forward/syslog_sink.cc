#include "cistern/v1/target.pb.h"
#include "service/forward/make_sink.h"
#include "service/forward/syslog_datagram_sink.h"
#include "service/forward/syslog_stream_sink.h"

namespace cistern {

MadeSink MakeSyslogSink(const v1::Target& target, SinkContext context) {
  if (target.syslog().transport() == "udp")
    return std::unique_ptr<Sink>(std::make_unique<SyslogDatagramSink>(target, std::move(context)));
  return std::unique_ptr<Sink>(std::make_unique<SyslogStreamSink>(target, std::move(context)));
}

}  // namespace cistern
