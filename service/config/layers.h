// The layers above the file, and the defaults that depend on other keys. Used by config.cc.
#pragma once

#include <map>
#include <string>

#include "service/config/config.h"

namespace cistern {

// A configuration that is being put together.
struct ConfigTarget {
  v1::Config& config;
  Origins& origins;
  ConfigErrors& errors;
};

// When there is no listener yet: udp and tcp on 127.0.0.1:5140. Comes before environment and flags, so that
// CISTERN__LISTENERS__0__UDP__ADDRESS alone moves the default listener.
void AddDefaultListeners(const ConfigTarget& target);

// CISTERN__A__B sets a.b; indexes are applied in ascending order.
void ApplyEnvironment(const std::map<std::string, std::string>& environment, const ConfigTarget& target);

// --listen with --cert and --key, --data, --set, in this order.
void ApplyFlags(const ConfigSources& sources, const ConfigTarget& target);

// tls.client_auth and control.unix_socket.
void FillDependentDefaults(const ConfigTarget& target);

}  // namespace cistern
