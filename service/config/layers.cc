#include "service/config/layers.h"

#include <algorithm>
#include <cstddef>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"

namespace cistern {
namespace {

constexpr std::string_view kPrefix = "CISTERN__";
constexpr std::size_t kIndexDigits = 9;

YamlSource Flag(std::string name) { return {{OriginKind::kFlag, std::move(name)}, ""}; }

void Set(std::string_view key, std::string_view value, const YamlSource& source, const ConfigTarget& target) {
  SetKey(key, value, source, {target.config, target.origins, target.errors});
}

// `LISTENERS__0__NAME` as `listeners.0.name`.
std::string KeyOfVariable(std::string_view name) {
  std::string key;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i, 2) == "__") {
      key += '.';
      ++i;
    } else {
      key += (name[i] >= 'A' && name[i] <= 'Z') ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
    }
  }
  return key;
}

// Orders keys like their text, but 2 before 10.
std::string SortText(const std::string& key) {
  std::string sorted, digits;
  for (const char c : key + '.') {
    if (c >= '0' && c <= '9') {
      digits += c;
      continue;
    }
    if (!digits.empty() && digits.size() < kIndexDigits) sorted.append(kIndexDigits - digits.size(), '0');
    sorted += digits + c;
    digits.clear();
  }
  return sorted;
}

bool IsWholePair(const ConfigSources& sources, const ConfigTarget& target) {
  if (sources.cert.has_value() == sources.key.has_value()) return true;
  const bool has_cert = sources.cert.has_value();
  target.errors.Add(Flag(has_cert ? "--cert" : "--key").origin, "",
                    has_cert ? "needs --key FILE as well" : "needs --cert FILE as well");
  return false;
}

struct ListenUrl {
  std::string transport;
  std::string_view address;
};

std::optional<ListenUrl> ParseListenUrl(std::string_view url) {
  for (const std::string_view transport : {"udp", "tcp", "tls"}) {
    if (!url.starts_with(transport)) continue;
    const std::string_view rest = url.substr(transport.size());
    if (rest.starts_with("://")) return ListenUrl{std::string(transport), rest.substr(3)};
  }
  return std::nullopt;
}

// Builds listeners named udp, tcp, tls, udp2 ... from --listen.
class ListenFlags {
 public:
  ListenFlags(const ConfigSources& sources, const ConfigTarget& target)
      : sources_(sources), target_(target) {}

  void Apply() {
    if (!IsWholePair(sources_, target_)) return;
    if (sources_.cert && !HasTls()) {
      target_.errors.Add(Flag("--cert").origin, "",
                         "belongs to --listen tls://HOST:PORT, which is not given");
    }
    if (!sources_.listen.empty()) ForgetListeners();
    for (const std::string& url : sources_.listen) Add(url);
  }

 private:
  bool HasTls() const {
    return std::any_of(sources_.listen.begin(), sources_.listen.end(),
                       [](const std::string& url) { return url.starts_with("tls:"); });
  }

  void ForgetListeners() {
    target_.config.clear_listeners();
    std::erase_if(target_.origins, [](const auto& entry) { return entry.first.starts_with("listeners"); });
  }

  void Add(const std::string& url) {
    const auto listen = ParseListenUrl(url);
    if (!listen) {
      target_.errors.Add(flag_.origin, "",
                         Quoted(url) + " is not udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT");
      return;
    }
    if (listen->transport == "tls" && !sources_.cert) {
      target_.errors.Add(flag_.origin, "", Quoted(url) + " needs --cert FILE and --key FILE");
      return;
    }
    const int number = ++seen_[listen->transport];
    const std::string name = listen->transport + (number > 1 ? std::to_string(number) : "");
    const std::string at = "listeners." + std::to_string(target_.config.listeners_size()) + ".";
    Set(at + "name", name, flag_, target_);
    Set(at + listen->transport + ".address", listen->address, flag_, target_);
    if (listen->transport != "tls") return;
    Set(at + "tls.cert_file", *sources_.cert, Flag("--cert"), target_);
    Set(at + "tls.key_file", *sources_.key, Flag("--key"), target_);
  }

  const ConfigSources& sources_;
  const ConfigTarget& target_;
  const YamlSource flag_ = Flag("--listen");
  std::map<std::string, int> seen_;
};

void ApplySet(const std::string& setting, const ConfigTarget& target) {
  const std::size_t equals = setting.find('=');
  const YamlSource source = Flag("--set");
  if (equals == std::string::npos || equals == 0) {
    target.errors.Add(source.origin, "",
                      Quoted(setting) + " is not KEY=VALUE, such as storage.dir=/var/lib/cistern");
    return;
  }
  Set(std::string_view(setting).substr(0, equals), std::string_view(setting).substr(equals + 1), source,
      target);
}

template <class Tls>
void FillClientAuth(Tls& tls, const std::string& key, const ConfigTarget& target) {
  if (tls.has_client_auth()) return;
  tls.set_client_auth(tls.client_ca_file().empty() ? "none" : "required");
  target.origins.emplace(key + ".client_auth", Origin{});
}

}  // namespace

void AddDefaultListeners(const ConfigTarget& target) {
  if (target.config.listeners_size() > 0) return;
  for (const std::string transport : {"udp", "tcp"}) {
    const std::string at = "listeners." + std::to_string(target.config.listeners_size()) + ".";
    Set(at + "name", transport, {}, target);
    Set(at + transport + ".address", "127.0.0.1:5140", {}, target);
  }
}

void ApplyEnvironment(const std::map<std::string, std::string>& environment, const ConfigTarget& target) {
  struct Variable {
    std::string sort_text, key, name;
    std::string_view value;
  };
  std::vector<Variable> variables;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix)) continue;
    const std::string key = KeyOfVariable(std::string_view(name).substr(kPrefix.size()));
    variables.push_back({SortText(key), key, name, value});
  }
  std::sort(variables.begin(), variables.end(),
            [](const Variable& a, const Variable& b) { return a.sort_text < b.sort_text; });
  for (const Variable& variable : variables) {
    Set(variable.key, variable.value, {{OriginKind::kEnvironment, variable.name}, ""}, target);
  }
}

void ApplyFlags(const ConfigSources& sources, const ConfigTarget& target) {
  ListenFlags(sources, target).Apply();
  if (sources.data) Set("storage.dir", *sources.data, Flag("--data"), target);
  for (const std::string& setting : sources.sets) ApplySet(setting, target);
}

void FillDependentDefaults(const ConfigTarget& target) {
  v1::Config& config = target.config;
  if (config.control().has_tls())
    FillClientAuth(*config.mutable_control()->mutable_tls(), "control.tls", target);
  if (config.http().has_tls()) FillClientAuth(*config.mutable_http()->mutable_tls(), "http.tls", target);
  for (int i = 0; i < config.listeners_size(); ++i) {
    if (!config.listeners(i).has_tls()) continue;
    FillClientAuth(*config.mutable_listeners(i)->mutable_tls(), JoinIndex("listeners", i) + ".tls", target);
  }
  if (config.control().has_unix_socket()) return;
  config.mutable_control()->set_unix_socket(config.storage().dir() + "/control.sock");
  target.origins.emplace("control.unix_socket", Origin{});
}

}  // namespace cistern
