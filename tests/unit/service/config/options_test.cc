#include "service/config/options.h"

#include <gtest/gtest.h>

#include "cistern/v1/config.pb.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;

LoadedConfig Loaded(std::string_view text) {
  auto loaded = LoadConfigText(text, "/etc/c.yaml", {});
  EXPECT_TRUE(loaded) << loaded.error().ToString();
  return *loaded;
}

TEST(ToListenerOptions, CarriesEveryKey) {
  const auto net = ToListenerOptions(Loaded(R"(
max_message_size: 8KiB
listeners:
  - {name: u, udp: {address: "127.0.0.1:514", receive_buffer: 1MiB, sockets: 3}}
  - {name: c, tcp: {address: "[::]:514", max_connections: 5, max_connections_per_peer: 4, framing: lf, trailer: nul,
                    max_frame: 1000, idle_timeout: 7s, partial_frame_timeout: 1500us}}
  - name: s
    zone: Europe/Berlin
    tls: {address: "127.0.0.1:6514", cert_file: c.pem, key_file: k.pem, client_ca_file: ca.pem, framing: octet,
          trailer: lf_or_nul, client_auth: optional, handshake_timeout: 3s, idle_timeout: 0, max_connections: 0}
  - {name: l, unix: {path: log.sock, receive_buffer: 64KiB}}
)"));
  ASSERT_TRUE(net);
  ASSERT_EQ(net->listeners.size(), 4u);
  const ListenerOptions& udp = net->listeners[0];
  EXPECT_EQ(udp.name, "u");
  EXPECT_EQ(udp.transport, Transport::kUdp);
  EXPECT_EQ(udp.host, "127.0.0.1");
  EXPECT_EQ(udp.port, 514);
  EXPECT_EQ(udp.receive_buffer, 1u << 20);
  EXPECT_EQ(udp.sockets, 3);
  EXPECT_EQ(udp.max_message, 8192u);
  EXPECT_EQ(udp.zone, nullptr);
  const ListenerOptions& tcp = net->listeners[1];
  EXPECT_EQ(tcp.transport, Transport::kTcp);
  EXPECT_EQ(tcp.host, "::");
  EXPECT_EQ(tcp.max_connections, 5);
  EXPECT_EQ(tcp.max_connections_per_peer, 4);
  EXPECT_EQ(tcp.framing.framing, Framing::kLine);
  EXPECT_EQ(tcp.framing.trailer, Trailer::kNul);
  EXPECT_EQ(tcp.framing.max_frame, 1000u);
  EXPECT_EQ(tcp.framing.max_message, 8192u);
  EXPECT_EQ(tcp.idle_timeout, milliseconds(7000));
  EXPECT_EQ(tcp.partial_frame_timeout, milliseconds(2)) << "rounded up: 0 would mean never";
  const ListenerOptions& tls = net->listeners[2];
  EXPECT_EQ(tls.transport, Transport::kTls);
  EXPECT_EQ(tls.port, 6514);
  EXPECT_EQ(tls.tls.cert_file, "/etc/c.pem");
  EXPECT_EQ(tls.tls.key_file, "/etc/k.pem");
  EXPECT_EQ(tls.tls.client_ca_file, "/etc/ca.pem");
  EXPECT_EQ(tls.tls.client_auth, ClientAuth::kOptional);
  EXPECT_EQ(tls.tls.handshake_timeout, milliseconds(3000));
  EXPECT_EQ(tls.framing.framing, Framing::kOctetCounting);
  EXPECT_EQ(tls.framing.trailer, Trailer::kLfOrNul);
  EXPECT_EQ(tls.idle_timeout, milliseconds(0));
  EXPECT_EQ(tls.max_connections, 0);
  ASSERT_NE(tls.zone, nullptr);
  EXPECT_EQ(tls.zone->name(), "Europe/Berlin");
  const ListenerOptions& local = net->listeners[3];
  EXPECT_EQ(local.transport, Transport::kUnix);
  EXPECT_EQ(local.unix_path, "/etc/log.sock");
  EXPECT_EQ(local.receive_buffer, 65536u);
}

TEST(ToListenerOptions, CarriesTheNetworksOfSenders) {
  const auto net = ToListenerOptions(Loaded(R"(
listeners:
  - name: c
    tcp: {address: "127.0.0.1:514"}
    allow: [10.0.0.0/8, "2001:db8::/32"]
    deny: [10.6.6.0/24]
    proxy_protocol: [192.0.2.7]
)"));
  ASSERT_TRUE(net);
  const SenderRules& senders = net->listeners.at(0).senders;
  EXPECT_TRUE(senders.Allows(*IpAddress::Parse("10.1.2.3")));
  EXPECT_TRUE(senders.Allows(*IpAddress::Parse("2001:db8::1")));
  EXPECT_FALSE(senders.Allows(*IpAddress::Parse("10.6.6.1"))) << "deny is stronger";
  EXPECT_FALSE(senders.Allows(*IpAddress::Parse("192.0.2.1")));
  EXPECT_TRUE(senders.load_balancers.Contains(*IpAddress::Parse("192.0.2.7")));
  EXPECT_TRUE(SenderRules().Allows(*IpAddress::Parse("192.0.2.1"))) << "nothing said: everybody";
}

TEST(ToListenerOptions, BuildsTheZoneTable) {
  const auto net = ToListenerOptions(
      Loaded("time_zone: {default: +02:00, senders: [{network: 10.1.0.0/16, zone: Europe/Berlin}, "
             "{network: 10.0.0.0/8, zone: -05:00}]}"));
  ASSERT_TRUE(net);
  const auto zone = [&](const char* peer) {
    return net->zones.Find(*IpAddress::Parse(peer), nullptr)->name();
  };
  EXPECT_EQ(zone("10.1.2.3"), "Europe/Berlin");
  EXPECT_EQ(zone("10.2.0.1"), "-05:00");
  EXPECT_EQ(zone("192.0.2.1"), "+02:00");
}

TEST(ToStoreOptions, CarriesEveryKey) {
  const StoreOptions options = ToStoreOptions(Loaded(
      "storage: {dir: /d, sync: normal, retention: {max_age: 1500ms, max_bytes: 1GiB}, max_file_bytes: 1MiB, "
      "free_space_reserve: 2.5}"));
  EXPECT_EQ(options.dir, "/d");
  EXPECT_EQ(options.sync, Sync::kNormal);
  EXPECT_EQ(options.retention.max_age, std::chrono::seconds(2)) << "rounded up: 0 would mean for ever";
  EXPECT_EQ(options.retention.max_bytes, 1u << 30);
  EXPECT_EQ(options.max_file_bytes, 1u << 20);
  EXPECT_DOUBLE_EQ(options.free_space_reserve, 0.025);
  EXPECT_TRUE(options.retention.rules.empty());
  EXPECT_EQ(ToStoreOptions(Loaded("")).sync, Sync::kFull);
}

TEST(ToStoreOptions, KeepsTheOrderOfRetentionRules) {
  const StoreOptions options = ToStoreOptions(
      Loaded("storage: {retention: {rules: [{filter: \"app:audit\", max_age: 365d}, "
             "{filter: \"severity:debug\", max_age: 500ms}, {filter: \"host:vault\", max_age: 0}]}}"));
  const auto& rules = options.retention.rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].filter->ToString(), "app_name:audit");
  EXPECT_EQ(rules[0].max_age, std::chrono::hours(365 * 24));
  EXPECT_EQ(rules[1].filter->ToString(), "severity:debug");
  EXPECT_EQ(rules[1].max_age, std::chrono::seconds(1)) << "rounded up: 0 would mean for ever";
  EXPECT_EQ(rules[2].max_age, std::chrono::seconds(0));
}

}  // namespace
}  // namespace cistern
