#include "service/config/options.h"

#include <chrono>
#include <memory>
#include <utility>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/units.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

// Rounds up: a short time must not become 0, which means never.
template <class Duration>
Duration Rounded(std::int64_t nanoseconds) {
  return std::chrono::ceil<Duration>(std::chrono::nanoseconds(nanoseconds));
}

Framing ToFraming(const std::string& text) {
  if (text == "octet") return Framing::kOctetCounting;
  return text == "lf" ? Framing::kLine : Framing::kAuto;
}

Trailer ToTrailer(const std::string& text) {
  if (text == "lf") return Trailer::kLf;
  if (text == "nul") return Trailer::kNul;
  return text == "lf_or_nul" ? Trailer::kLfOrNul : Trailer::kAuto;
}

ClientAuth ToClientAuth(const std::string& text) {
  if (text == "required") return ClientAuth::kRequired;
  return text == "optional" ? ClientAuth::kOptional : ClientAuth::kNone;
}

void SetAddress(const std::string& address, ListenerOptions& options) {
  const auto at = ParseHostPort(address);
  if (!at) return;
  options.host = at->host;
  options.port = at->port;
}

// The keys that TcpConfig and TlsConfig share.
template <class StreamConfig>
void SetStream(const StreamConfig& config, ListenerOptions& options) {
  SetAddress(config.address(), options);
  options.max_connections = static_cast<int>(config.max_connections());
  options.max_connections_per_peer = static_cast<int>(config.max_connections_per_peer());
  options.framing.framing = ToFraming(config.framing());
  options.framing.trailer = ToTrailer(config.trailer());
  options.framing.max_frame = config.max_frame();
  options.idle_timeout = Rounded<std::chrono::milliseconds>(config.idle_timeout());
  options.partial_frame_timeout = Rounded<std::chrono::milliseconds>(config.partial_frame_timeout());
}

void SetTls(const v1::TlsConfig& config, ListenerOptions& options) {
  options.transport = Transport::kTls;
  SetStream(config, options);
  options.tls.cert_file = config.cert_file();
  options.tls.key_file = config.key_file();
  options.tls.client_ca_file = config.client_ca_file();
  options.tls.client_auth = ToClientAuth(config.client_auth());
  options.tls.handshake_timeout = Rounded<std::chrono::milliseconds>(config.handshake_timeout());
}

// Networks are refused by the schema when they are none.
NetworkSet ToNetworks(const google::protobuf::RepeatedPtrField<std::string>& networks) {
  return NetworkSet::Parse({networks.begin(), networks.end()}).value_or(NetworkSet());
}

void SetSenders(const v1::ListenerConfig& listener, SenderRules& senders) {
  senders.allow = ToNetworks(listener.allow());
  senders.deny = ToNetworks(listener.deny());
  senders.load_balancers = ToNetworks(listener.proxy_protocol());
}

void SetTransport(const v1::ListenerConfig& listener, ListenerOptions& options) {
  if (listener.has_udp()) {
    options.transport = Transport::kUdp;
    SetAddress(listener.udp().address(), options);
    options.receive_buffer = listener.udp().receive_buffer();
    options.sockets = static_cast<int>(listener.udp().sockets());
  } else if (listener.has_tcp()) {
    options.transport = Transport::kTcp;
    SetStream(listener.tcp(), options);
  } else if (listener.has_tls()) {
    SetTls(listener.tls(), options);
  } else {
    options.transport = Transport::kUnix;
    options.unix_path = listener.unix().path();
    options.receive_buffer = listener.unix().receive_buffer();
  }
}

// Loads zones and notes which are gone.
class ZoneLoader {
 public:
  explicit ZoneLoader(const Origins& origins) : origins_(origins) {}

  // Null for an empty name, and after an error.
  std::shared_ptr<const Zone> Load(const std::string& name, const std::string& key) {
    if (name.empty()) return nullptr;
    if (auto zone = LoadZone(name)) return *zone;
    errors.Add(NearestOrigin(origins_, key), key, name + " is not a time zone of this machine");
    return nullptr;
  }

  ConfigErrors errors;

 private:
  const Origins& origins_;
};

ZoneTable ToZoneTable(const v1::TimeZoneConfig& config, ZoneLoader& zones) {
  std::vector<ZoneTable::Entry> senders;
  for (int i = 0; i < config.senders_size(); ++i) {
    const std::string key = JoinIndex("time_zone.senders", i) + ".zone";
    const auto network = IpNetwork::Parse(config.senders(i).network());
    if (network) senders.push_back({*network, zones.Load(config.senders(i).zone(), key)});
  }
  return {zones.Load(config.default_(), "time_zone.default"), std::move(senders)};
}

Retention ToRetention(const v1::RetentionConfig& config) {
  Retention retention;
  retention.max_age = Rounded<std::chrono::seconds>(config.max_age());
  retention.max_bytes = config.max_bytes();
  for (const v1::RetentionRuleConfig& rule : config.rules()) {
    auto filter = Filter::Parse(rule.filter());
    if (!filter) continue;  // refused by ValidateConfig()
    retention.rules.push_back(
        {std::make_shared<const Filter>(std::move(*filter)), Rounded<std::chrono::seconds>(rule.max_age())});
  }
  return retention;
}

}  // namespace

Result<NetConfig, ConfigErrors> ToListenerOptions(const LoadedConfig& loaded) {
  const v1::Config& config = *loaded.config;
  ZoneLoader zones(loaded.origins);
  NetConfig net;
  for (int i = 0; i < config.listeners_size(); ++i) {
    const v1::ListenerConfig& listener = config.listeners(i);
    ListenerOptions& options = net.listeners.emplace_back();
    options.name = listener.name();
    options.max_message = config.max_message_size();
    options.framing.max_message = config.max_message_size();
    options.zone = zones.Load(listener.zone(), JoinIndex("listeners", i) + ".zone");
    SetTransport(listener, options);
    SetSenders(listener, options.senders);
  }
  net.zones = ToZoneTable(config.time_zone(), zones);
  if (!zones.errors.empty()) return zones.errors;
  return net;
}

StoreOptions ToStoreOptions(const LoadedConfig& loaded) {
  const v1::StorageConfig& storage = loaded.config->storage();
  StoreOptions options;
  options.dir = storage.dir();
  options.sync = storage.sync() == "normal" ? Sync::kNormal : Sync::kFull;
  options.max_file_bytes = storage.max_file_bytes();
  options.retention = ToRetention(storage.retention());
  options.free_space_reserve = storage.free_space_reserve() / 100;
  return options;
}

}  // namespace cistern
