// The configuration in force: defaults < file < environment < command line, checked, with the origin of every
// key.
//
// Errors are lists, so that one run shows all that can be found; each names the place, the key and often what
// was meant. Nothing here opens a socket or writes. Threads: any; a LoadedConfig is immutable once loaded.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "proto/yaml/yaml_error.h"

namespace cistern {

namespace v1 {
class Config;
}

using ConfigErrors = YamlErrors;

// All that a configuration is made of.
struct ConfigSources {
  std::optional<std::string> file;  // --config; absent: CISTERN_CONFIG of `environment`; neither: no file
  std::map<std::string, std::string>
      environment;                       // CISTERN__STORAGE__DIR sets storage.dir; others are ignored
  std::vector<std::string> listen;       // --listen udp|tcp|tls://HOST:PORT: replace all listeners so far
  std::optional<std::string> cert, key;  // --cert, --key: of the tls listeners in `listen`; both or none
  std::optional<std::string> data;       // --data: storage.dir
  std::vector<std::string> sets;         // --set KEY=VALUE, applied last, in order
};

struct LoadedConfig {
  std::shared_ptr<const v1::Config>
      config;  // never null; every key with a default is filled, paths are absolute
  Origins origins;
  std::string file;  // as named; empty: none
};

// Reads the file, if any, and puts the layers together. Without listeners in any of them: UDP and TCP on
// 127.0.0.1:5140. client_auth and control.unix_socket get the defaults that config.proto describes.
Result<LoadedConfig, ConfigErrors> LoadConfig(const ConfigSources& sources);

// As LoadConfig, with `text` for the content of `file` ("" for none), whose folder relative paths start from.
Result<LoadedConfig, ConfigErrors> LoadConfigText(std::string_view text, const std::string& file,
                                                  const ConfigSources& sources);

// YAML of all keys, each with its origin as a comment; it loads back to the same configuration. No secrets.
std::string PrintConfig(const LoadedConfig& loaded);

}  // namespace cistern
