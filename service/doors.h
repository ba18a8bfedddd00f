// What the ports for people and machines need of the configuration and of Access.
#pragma once

#include <optional>

#include "ingest/net/listener_options.h"
#include "service/control/control_options.h"
#include "service/http/http_server.h"

namespace cistern {

class Access;
class AuditLog;
namespace v1 {
class ControlConfig;
class HttpConfig;
}  // namespace v1

std::optional<TlsOptions> ControlTlsOf(const v1::ControlConfig& control);
std::optional<TlsOptions> HttpTlsOf(const v1::HttpConfig& http);

// Beyond loopback. A refusal goes into the audit log.
HttpVerdict MayReadMetrics(const Access& access, AuditLog& audit, const HttpCaller& caller);

}  // namespace cistern
