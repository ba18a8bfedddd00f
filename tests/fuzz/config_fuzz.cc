// Loads a configuration from any text.
//
// Input: the YAML; behind the first NUL, one --set a line.
// Held: no error is empty or spans lines; a configuration that is accepted prints as YAML that loads back to
// the same configuration, and turns into options.
#include <google/protobuf/util/message_differencer.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cistern/v1/config.pb.h"
#include "service/config/config.h"
#include "service/config/options.h"

namespace cistern {
namespace {

using google::protobuf::util::MessageDifferencer;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckErrors(const ConfigErrors& errors) {
  Require(!errors.empty());
  for (const YamlError& error : errors.items) {
    Require(!error.message.empty());
    Require(error.ToString().find('\n') == std::string::npos);
  }
}

ConfigSources SetsIn(std::string_view lines) {
  ConfigSources sources;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    sources.sets.emplace_back(lines.substr(0, end));
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
  }
  return sources;
}

void RunOne(std::string_view input) {
  const std::size_t nul = input.find('\0');
  const std::string_view sets = nul == std::string_view::npos ? "" : input.substr(nul + 1);
  const auto loaded = LoadConfigText(input.substr(0, nul), "/etc/cistern/cistern.yaml", SetsIn(sets));
  if (!loaded) return CheckErrors(loaded.error());
  const auto again = LoadConfigText(PrintConfig(*loaded), "/other/cistern.yaml", {});
  Require(again.has_value());
  Require(MessageDifferencer::Equals(*loaded->config, *again->config));
  const auto net = ToListenerOptions(*loaded);
  Require(net.has_value() &&
          net->listeners.size() == static_cast<std::size_t>(loaded->config->listeners_size()));
  Require(!ToStoreOptions(*loaded).dir.empty());
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cistern::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
