#include "service/config/validate.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "cistern/v1/config.pb.h"
#include "ingest/message/ip_address.h"
#include "ingest/parse/zone.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/units.h"
#include "service/access/grants.h"
#include "service/config/rules.h"
#include "service/forward/spec.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestSocketPath = 107;

bool IsLoopback(const IpAddress& address) {
  static const IpNetwork kV4 = *IpNetwork::Parse("127.0.0.0/8");
  static const IpAddress kV6 = *IpAddress::Parse("::1");
  return address == kV6 || (address.is_v4() && kV4.Contains(address));
}

class Validator {
 public:
  explicit Validator(const ConfigTarget& target) : target_(target), config_(target.config) {}

  void Run() {
    for (int i = 0; i < config_.listeners_size(); ++i)
      CheckListener(config_.listeners(i), JoinIndex("listeners", i));
    CheckTimeZones();
    CheckRetention();
    CheckControl();
    CheckTargets();
    CheckConfiguredRules(target_);
    TakeAddress("tcp", config_.http().address(), "http.address");
    if (config_.queue().max_bytes() / 2 < config_.max_message_size()) {
      Fail("queue.max_bytes",
           "must be at least twice max_message_size, " + FormatSize(2 * config_.max_message_size()));
    }
  }

 private:
  void Fail(const std::string& key, std::string message) {
    target_.errors.Add(NearestOrigin(target_.origins, key), key, std::move(message));
  }

  void CheckListener(const v1::ListenerConfig& listener, const std::string& path) {
    CheckName(listener.name(), path + ".name");
    CheckZone(listener.zone(), path + ".zone");
    CheckSenders(listener, path);
    switch (listener.transport_case()) {
      case v1::ListenerConfig::kUdp:
        return TakeAddress("udp", listener.udp().address(), path + ".udp.address");
      case v1::ListenerConfig::kTcp:
        return TakeAddress("tcp", listener.tcp().address(), path + ".tcp.address");
      case v1::ListenerConfig::kTls:
        TakeAddress("tcp", listener.tls().address(), path + ".tls.address");
        return CheckClientAuth(listener.tls(), path + ".tls.client_auth");
      case v1::ListenerConfig::kUnix:
        return TakeSocketPath(listener.unix().path(), path + ".unix.path");
      case v1::ListenerConfig::TRANSPORT_NOT_SET:
        return;
    }
  }

  void CheckSenders(const v1::ListenerConfig& listener, const std::string& path) {
    const char* no_addresses = "senders to a Unix socket have no address; use the permissions of its folder";
    if (listener.has_unix() && listener.allow_size() > 0) Fail(path + ".allow", no_addresses);
    if (listener.has_unix() && listener.deny_size() > 0) Fail(path + ".deny", no_addresses);
    if (listener.proxy_protocol_size() > 0 && !listener.has_tcp() && !listener.has_tls())
      Fail(path + ".proxy_protocol", "only connections have such a header: tcp and tls listeners");
  }

  void CheckName(const std::string& name, const std::string& key) {
    if (!IsTargetName(name)) {
      return Fail(key, Quoted(name) + " is not a name: 1 to 63 small letters, digits, - and _");
    }
    const auto [first, is_new] = names_.emplace(name, key);
    if (!is_new) Fail(key, Quoted(name) + " is the name of another listener already (" + first->second + ")");
  }

  template <class Tls>
  void CheckClientAuth(const Tls& tls, const std::string& key) {
    if (tls.client_auth() != "none" && tls.client_ca_file().empty()) {
      Fail(key, Quoted(tls.client_auth()) +
                    " needs client_ca_file, the authorities that sign client certificates");
    }
  }

  void TakeAddress(const std::string& protocol, const std::string& address, const std::string& key) {
    const auto at = ParseHostPort(address);
    if (!at || at->port == 0) return;
    const IpAddress host = IpAddress::Parse(at->host).value_or(IpAddress());
    const auto [first, is_new] = addresses_.emplace(std::tuple(protocol, host, at->port), key);
    if (!is_new) Fail(key, address + " is in use already by " + first->second);
  }

  void TakeSocketPath(const std::string& path, const std::string& key) {
    if (path.empty()) return;
    if (path.size() > kLongestSocketPath) {
      return Fail(key,
                  Quoted(path) + " is longer than the 107 octets a socket path may have; give a shorter one");
    }
    const auto [first, is_new] = socket_paths_.emplace(path, key);
    if (!is_new) Fail(key, path + " is in use already by " + first->second);
  }

  void CheckTimeZones() {
    CheckZone(config_.time_zone().default_(), "time_zone.default");
    for (int i = 0; i < config_.time_zone().senders_size(); ++i) {
      CheckZone(config_.time_zone().senders(i).zone(), JoinIndex("time_zone.senders", i) + ".zone");
    }
  }

  void CheckZone(const std::string& zone, const std::string& key) {
    if (zone.empty() || LoadZone(zone)) return;
    Fail(key, Quoted(zone) +
                  " is not a time zone of this machine; write it like Europe/Berlin, UTC, local or +02:00");
  }

  void CheckRetention() {
    const v1::RetentionConfig& retention = config_.storage().retention();
    for (int i = 0; i < retention.rules_size(); ++i) {
      const auto parsed = Filter::Parse(retention.rules(i).filter());
      const std::string key = JoinIndex("storage.retention.rules", i) + ".filter";
      if (!parsed) Fail(key, parsed.error().ToString());
    }
  }

  void CheckControl() {
    const std::string& address = config_.control().address();
    TakeSocketPath(config_.control().unix_socket(), "control.unix_socket");
    TakeAddress("tcp", address, "control.address");
    const auto at = ParseHostPort(address);
    CheckGrants(config_.control(), target_.origins, target_.errors);
    if (config_.control().has_tls()) CheckClientAuth(config_.control().tls(), "control.tls.client_auth");
    if (config_.http().has_tls()) CheckClientAuth(config_.http().tls(), "http.tls.client_auth");
    if (at && !IsLoopback(IpAddress::Parse(at->host).value_or(IpAddress()))) CheckExposed(address);
  }

  // Whoever reaches the address must show who he is.
  void CheckExposed(const std::string& address) {
    const v1::ControlConfig& control = config_.control();
    if (!control.has_tls()) {
      return Fail(
          "control.address",
          address +
              " is not a loopback address, and everybody who reaches it could read all logs: set "
              "control.tls.cert_file and control.tls.key_file, and who may do what in control.grants");
    }
    // Tokens are made through the Unix socket.
    if (control.grants_size() > 0 || !control.unix_socket().empty()) return;
    Fail("control.address", address +
                                " would let nobody in: set control.grants, or control.unix_socket so that "
                                "`cisternctl tokens create` can be used on this machine");
  }

  void CheckTargets() {
    std::map<std::string, std::string> names;
    for (int i = 0; i < config_.targets_size(); ++i) {
      const std::string key = JoinIndex("targets", i);
      CheckTarget(config_.targets(i), key, target_.origins, target_.errors);
      const std::string& name = config_.targets(i).name();
      const auto [first, is_new] = names.emplace(name, key);
      if (!is_new)
        Fail(key + ".name", Quoted(name) + " is the name of another target already (" + first->second + ")");
    }
    if (config_.targets_size() > kMostTargets) Fail("targets", "there can be 64 at most");
  }

  const ConfigTarget& target_;
  const v1::Config& config_;
  std::map<std::string, std::string> names_, socket_paths_;  // to the key that took it
  std::map<std::tuple<std::string, IpAddress, std::uint16_t>, std::string> addresses_;
};

}  // namespace

bool IsLoopbackAddress(const std::string& host_port) {
  const auto at = ParseHostPort(host_port);
  return at && IsLoopback(IpAddress::Parse(at->host).value_or(IpAddress()));
}

void ValidateConfig(const ConfigTarget& target) { Validator(target).Run(); }

}  // namespace cistern
