#include "service/forward/make_sink.h"

#include "cistern/v1/target.pb.h"

namespace cistern {

MadeSink MakeSink(const v1::Target& target, SinkContext context) {
  switch (target.kind_case()) {
    case v1::Target::kSyslog:
      return MakeSyslogSink(target, std::move(context));
    case v1::Target::kFile:
      return MakeFileSink(target, std::move(context));
    case v1::Target::kConsole:
      return MakeConsoleSink(target, std::move(context));
    case v1::Target::kHttp:
      return MakeHttpSink(target, std::move(context));
    case v1::Target::kCistern:
      return MakeCisternSink(target, std::move(context));
    case v1::Target::kKafka:
      return MakeKafkaSink(target, std::move(context));
    case v1::Target::kMail:
      return MakeMailSink(target, std::move(context));
    case v1::Target::kMariadb:
      return MakeMariadbSink(target, std::move(context));
    case v1::Target::KIND_NOT_SET:
      break;
  }
  return Failure{FailureReason::kConfiguration, "the target has no kind"};
}

Guarantee GuaranteeOf(const v1::Target& target) {
  switch (target.kind_case()) {
    case v1::Target::kFile:
    case v1::Target::kConsole:
      return Guarantee::kWritten;
    case v1::Target::kHttp:
    case v1::Target::kKafka:
    case v1::Target::kMail:
      return Guarantee::kAcknowledged;
    case v1::Target::kCistern:
    case v1::Target::kMariadb:
      return Guarantee::kExactlyOnce;
    case v1::Target::kSyslog:
    case v1::Target::KIND_NOT_SET:
      break;
  }
  return Guarantee::kSent;
}

}  // namespace cistern
