#include "service/config/config.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cistern/v1/config.pb.h"

namespace cistern {
namespace {

using google::protobuf::util::MessageDifferencer;

std::string ErrorsOf(std::string_view text, const ConfigSources& sources = {}) {
  const auto loaded = LoadConfigText(text, "/etc/cistern/cistern.yaml", sources);
  return loaded ? "" : loaded.error().ToString();
}

// The example of the issue that introduced the configuration.
constexpr char kWholeFile[] = R"(
listeners:
  - {name: udp, udp: {address: "127.0.0.1:5140", receive_buffer: 8MiB}}
  - {name: tcp, tcp: {address: "127.0.0.1:5140", max_connections: 20000, max_connections_per_peer: 0, framing: octet,
                      trailer: lf_or_nul, max_frame: 200000, idle_timeout: 300s, partial_frame_timeout: 0}}
  - name: tls
    zone: America/New_York
    tls: {address: "127.0.0.1:6514", cert_file: server.crt, key_file: /keys/server.key, client_ca_file: ca.crt}
  - {name: local, unix: {path: /run/cistern/log.sock}}
max_message_size: 64KiB
time_zone: {default: UTC, senders: [{network: 10.1.0.0/16, zone: Europe/Berlin}, {network: 2001:db8::1, zone: "-03:30"}]}
storage: {dir: ./cistern-data, sync: normal, commit_interval: 20ms, retention: {max_age: 30d, max_bytes: 50GiB}}
control: {address: "[::1]:5141", unix_socket: ""}
http: {address: "0.0.0.0:5142"}
log: {level: warning, format: json}
queue: {max_bytes: 48MiB}
)";

TEST(LoadConfig, ReadsEveryGroup) {
  const auto loaded = LoadConfigText(kWholeFile, "/etc/cistern/cistern.yaml", {});
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  const v1::Config& config = *loaded->config;
  ASSERT_EQ(config.listeners_size(), 4);
  EXPECT_EQ(config.listeners(1).tcp().partial_frame_timeout(), 0);
  EXPECT_EQ(config.listeners(2).tls().cert_file(), "/etc/cistern/server.crt");
  EXPECT_EQ(config.listeners(2).tls().key_file(), "/keys/server.key");
  EXPECT_EQ(config.listeners(2).tls().client_auth(), "required");
  EXPECT_EQ(config.storage().dir(), "/etc/cistern/cistern-data");
  EXPECT_EQ(config.storage().commit_interval(), 20'000'000);
  EXPECT_EQ(config.control().unix_socket(), "");
  EXPECT_EQ(config.queue().max_bytes(), 48u << 20);
  EXPECT_EQ(loaded->origins.at("storage.sync").ToString(), "/etc/cistern/cistern.yaml:12");
  EXPECT_EQ(loaded->origins.at("storage.free_space_reserve").ToString(), "default");
}

TEST(LoadConfig, NothingGivenListensOnLoopback) {
  const auto loaded = LoadConfig({});
  ASSERT_TRUE(loaded);
  const v1::Config& config = *loaded->config;
  const std::string here = std::filesystem::current_path().string();
  ASSERT_EQ(config.listeners_size(), 2);
  EXPECT_EQ(config.listeners(0).name(), "udp");
  EXPECT_EQ(config.listeners(0).udp().address(), "127.0.0.1:5140");
  EXPECT_EQ(config.listeners(1).name(), "tcp");
  EXPECT_EQ(config.listeners(1).tcp().address(), "127.0.0.1:5140");
  EXPECT_EQ(config.storage().dir(), here + "/cistern-data");
  EXPECT_EQ(config.control().unix_socket(), here + "/cistern-data/control.sock");
  EXPECT_EQ(config.control().address(), "127.0.0.1:5141");
  EXPECT_EQ(config.http().address(), "127.0.0.1:5142");
  EXPECT_EQ(config.max_message_size(), 65536u);
}

TEST(LoadConfig, EmptyFileIsAllDefaults) {
  const auto empty = LoadConfigText("# nothing yet\n", "cistern.yaml", {});
  ASSERT_TRUE(empty);
  EXPECT_TRUE(MessageDifferencer::Equals(*empty->config, *LoadConfig({})->config));
}

TEST(LoadConfig, UnreadableFileIsNamed) {
  EXPECT_EQ(LoadConfig({.file = "/absent/cistern.yaml"}).error().ToString(),
            "/absent/cistern.yaml: cannot be read: No such file or directory\n");
  EXPECT_EQ(LoadConfig({.file = "/"}).error().ToString(), "/: cannot be read: Is a directory\n");
  EXPECT_EQ(LoadConfig({.file = "/dev/zero"}).error().ToString(), "/dev/zero: larger than 1 MiB\n");
}

TEST(LoadConfig, ClientAuthDefaultFollowsTheAuthority) {
  const auto auth = [](const std::string& more) {
    const auto loaded = LoadConfigText(
        "listeners: [{name: t, tls: {address: '127.0.0.1:0', cert_file: c, key_file: k" + more + "}}]", "",
        {});
    return loaded ? loaded->config->listeners(0).tls().client_auth() : loaded.error().ToString();
  };
  EXPECT_EQ(auth(""), "none");
  EXPECT_EQ(auth(", client_ca_file: ca"), "required");
  EXPECT_EQ(auth(", client_ca_file: ca, client_auth: optional"), "optional");
  EXPECT_EQ(auth(", client_ca_file: ''"), "none");
}

struct BadCase {
  const char* name;
  const char* text;
  const char* error;  // behind "/etc/cistern/cistern.yaml:"
};

constexpr BadCase kBadCases[] = {
    {"MisspelledKey",
     "listeners:\n  - name: t\n    tcp:\n      address: 127.0.0.1:1\n      max_conections: 5\n",
     "5:7: listeners[0].tcp.max_conections: unknown key; did you mean max_connections?\n"},
    {"MisspelledTopKey", "max_message_sise: 64KiB\n",
     "1:1: max_message_sise: unknown key; did you mean max_message_size?\n"},
    {"TransportMissing", "listeners: [{name: a}]\n",
     "1:13: listeners[0]: needs one of udp, tcp, tls or unix\n"},
    {"TwoTransports",
     "listeners: [{name: a, udp: {address: '127.0.0.1:1'}, tcp: {address: '127.0.0.1:1'}}]\n",
     "1:54: listeners[0].tcp: only one of udp, tcp, tls or unix may be given, and udp is given already "
     "(/etc/cistern/cistern.yaml:1)\n"},
    {"NameMissing", "listeners: [{udp: {address: '127.0.0.1:1'}}]\n",
     "1:13: listeners[0].name: is required\n"},
    {"AddressMissing", "listeners: [{name: a, udp: {}}]\n", "1:23: listeners[0].udp.address: is required\n"},
    {"BadName", "listeners: [{name: A b, udp: {address: '127.0.0.1:1'}}]\n",
     "1:20: listeners[0].name: \"A b\" is not a name: 1 to 63 small letters, digits, - and _\n"},
    {"NameTwice",
     "listeners:\n  - {name: twin, udp: {address: '127.0.0.1:1'}}\n  - {name: twin, tcp: {address: "
     "'127.0.0.1:1'}}\n",
     "3:12: listeners[1].name: \"twin\" is the name of another listener already (listeners[0].name)\n"},
    {"AddressTwice",
     "listeners:\n  - {name: a, udp: {address: '127.0.0.1:1'}}\n  - {name: b, udp: {address: "
     "'127.0.0.1:1'}}\n",
     "3:30: listeners[1].udp.address: 127.0.0.1:1 is in use already by listeners[0].udp.address\n"},
    {"TcpAndTlsOnOneAddress",
     "listeners:\n  - {name: a, tcp: {address: '[::1]:1'}}\n"
     "  - {name: b, tls: {address: '[0::1]:1', cert_file: c, key_file: k}}\n",
     "3:30: listeners[1].tls.address: [0::1]:1 is in use already by listeners[0].tcp.address\n"},
    {"HttpOnTheControlAddress", "http: {address: '127.0.0.1:5141'}\n",
     "1:17: http.address: 127.0.0.1:5141 is in use already by control.address\n"},
    {"SocketPathTwice", "listeners: [{name: a, unix: {path: /run/x}}, {name: b, unix: {path: /run/x}}]\n",
     "1:69: listeners[1].unix.path: /run/x is in use already by listeners[0].unix.path\n"},
    {"CertificateWithoutKey", "listeners: [{name: a, tls: {address: '127.0.0.1:1', cert_file: c}}]\n",
     "1:23: listeners[0].tls.key_file: is required\n"},
    {"ClientAuthWithoutAuthority",
     "listeners: [{name: a, tls: {address: '127.0.0.1:1', cert_file: c, key_file: k, client_auth: "
     "optional}}]\n",
     "1:93: listeners[0].tls.client_auth: \"optional\" needs client_ca_file, the authorities that sign "
     "client "
     "certificates\n"},
    {"BadClientAuth",
     "listeners: [{name: a, tls: {address: '127.0.0.1:1', cert_file: c, key_file: k, client_auth: "
     "require}}]\n",
     "1:93: listeners[0].tls.client_auth: \"require\" is not one of none, optional or required; did you mean "
     "required?\n"},
    {"UnknownZone", "time_zone: {default: Europe/Nowhere}\n",
     "1:22: time_zone.default: \"Europe/Nowhere\" is not a time zone of this machine; write it like "
     "Europe/Berlin, "
     "UTC, local or +02:00\n"},
    {"RetentionFilter", "storage: {retention: {rules: [{filter: \"sevrity:debug\", max_age: 3d}]}}\n",
     "1:40: storage.retention.rules[0].filter: at byte 0: found \"sevrity\", expected a field name; did you "
     "mean \"severity\"?\n"},
    {"RetentionRuleWithoutAge", "storage: {retention: {rules: [{filter: app:audit}]}}\n",
     "1:31: storage.retention.rules[0].max_age: is required\n"},
    {"UnknownSenderZone", "time_zone: {senders: [{network: 10.0.0.0/8, zone: ../UTC}]}\n",
     "1:51: time_zone.senders[0].zone: \"../UTC\" is not a time zone of this machine; write it like "
     "Europe/Berlin, "
     "UTC, local or +02:00\n"},
    {"UnknownListenerZone", "listeners: [{name: a, zone: X, udp: {address: '127.0.0.1:1'}}]\n",
     "1:29: listeners[0].zone: \"X\" is not a time zone of this machine; write it like Europe/Berlin, UTC, "
     "local or "
     "+02:00\n"},
    {"SenderNetworkWithName", "listeners: [{name: a, udp: {address: '127.0.0.1:1'}, allow: [lb.example]}]\n",
     "1:62: listeners[0].allow[0]: \"lb.example\" is not a network; write it like 10.1.0.0/16 or "
     "2001:db8::/32\n"},
    {"SendersOfUnixSocket", "listeners: [{name: a, unix: {path: /run/log}, deny: [10.0.0.0/8]}]\n",
     "1:47: listeners[0].deny: senders to a Unix socket have no address; use the permissions of its "
     "folder\n"},
    {"ProxyHeaderOfDatagrams",
     "listeners: [{name: a, udp: {address: '127.0.0.1:1'}, proxy_protocol: [10.0.0.5]}]\n",
     "1:54: listeners[0].proxy_protocol: only connections have such a header: tcp and tls listeners\n"},
    {"ControlOnAllAddresses", "control: {address: '0.0.0.0:5141'}\n",
     "1:20: control.address: 0.0.0.0:5141 is not a loopback address, and everybody who reaches it could read "
     "all logs: set control.tls.cert_file and control.tls.key_file, and who may do what in control.grants\n"},
    {"ControlThatLetsNobodyIn",
     "control: {address: '0.0.0.0:5141', unix_socket: '', tls: {cert_file: c, key_file: k}}\n",
     "1:20: control.address: 0.0.0.0:5141 would let nobody in: set control.grants, or control.unix_socket so "
     "that `cisternctl tokens create` can be used on this machine\n"},
    {"GrantOfNothing", "control: {grants: [{name: a, identity: 'dns:x'}]}\n",
     "1:20: control.grants[0].roles: at least one of reader, ingester, operator and admin\n"},
    {"GrantToNobody", "control: {grants: [{name: a, roles: [reader]}]}\n",
     "1:20: control.grants[0]: needs one of identity or token_file\n"},
    {"ControlOnAllIpv6Addresses", "control: {address: '[::]:5141'}\n",
     "1:20: control.address: [::]:5141 is not a loopback address, and everybody who reaches it could read "
     "all logs: set control.tls.cert_file and control.tls.key_file, and who may do what in control.grants\n"},
    {"QueueTooSmall", "queue: {max_bytes: 1MiB}\nmax_message_size: 1MiB\n",
     "1:20: queue.max_bytes: must be at least twice max_message_size, 2MiB\n"},
    {"ShortCommitInterval", "storage: {commit_interval: 5us}\n",
     "1:28: storage.commit_interval: must be at least 1ms\n"},
    {"SmallMessages", "max_message_size: 100\n", "1:19: max_message_size: must be at least 480\n"},
    {"EmptyDir", "storage: {dir: ''}\n", "1:16: storage.dir: must not be empty\n"},
    {"BadLevel", "log: {level: warn}\n",
     "1:14: log.level: \"warn\" is not one of debug, info, warning or error\n"},
};

class LoadConfigErrors : public testing::TestWithParam<BadCase> {};

TEST_P(LoadConfigErrors, AreOneClearLine) {
  EXPECT_EQ(ErrorsOf(GetParam().text), std::string("/etc/cistern/cistern.yaml:") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(Cases, LoadConfigErrors, testing::ValuesIn(kBadCases),
                         [](const auto& info) { return info.param.name; });

TEST(LoadConfig, SocketPathThatIsTooLongSaysSo) {
  EXPECT_THAT(ErrorsOf("storage: {dir: /" + std::string(100, 'x') + "}"),
              testing::HasSubstr("control.unix_socket: \"/xxx"));
  EXPECT_EQ(ErrorsOf("storage: {dir: /" + std::string(100, 'x') + "}\ncontrol: {unix_socket: /run/c.sock}"),
            "");
}

TEST(LoadConfig, PortZeroAndDifferentTransportsDoNotCollide) {
  EXPECT_EQ(
      ErrorsOf(
          "listeners: [{name: a, udp: {address: '127.0.0.1:0'}}, {name: b, udp: {address: '127.0.0.1:0'}},"
          "{name: c, udp: {address: '127.0.0.1:9'}}, {name: d, tcp: {address: '127.0.0.1:9'}}]"),
      "");
}

TEST(LoadConfig, SeveralErrorsAreReportedAtOnce) {
  EXPECT_EQ(
      ErrorsOf("log: {level: warn, colour: red}\nlisteners: [{name: a}]\nhttp: {address: here}\n"),
      "/etc/cistern/cistern.yaml:1:14: log.level: \"warn\" is not one of debug, info, warning or error\n"
      "/etc/cistern/cistern.yaml:1:20: log.colour: unknown key; known here: level or format\n"
      "/etc/cistern/cistern.yaml:3:17: http.address: \"here\" is not an address; write it like "
      "127.0.0.1:5140 "
      "or [::1]:5140\n"
      "/etc/cistern/cistern.yaml:2:13: listeners[0]: needs one of udp, tcp, tls or unix\n");
}

TEST(PrintConfig, LoadsBackToTheSame) {
  for (const char* text : {"", kWholeFile}) {
    const auto loaded = LoadConfigText(text, "/etc/cistern/cistern.yaml", {});
    ASSERT_TRUE(loaded);
    const auto again = LoadConfigText(PrintConfig(*loaded), "/elsewhere/other.yaml", {});
    ASSERT_TRUE(again) << again.error().ToString();
    EXPECT_TRUE(MessageDifferencer::Equals(*loaded->config, *again->config)) << PrintConfig(*loaded);
  }
}

TEST(PrintConfig, ShowsTheOriginOfEveryKey) {
  const auto loaded = LoadConfigText("storage: {sync: normal}\n", "c.yaml",
                                     {.environment = {{"CISTERN__LOG__LEVEL", "debug"}}, .data = "/d"});
  ASSERT_TRUE(loaded);
  const std::string text = PrintConfig(*loaded);
  EXPECT_THAT(text, testing::ContainsRegex("  sync: normal +# c.yaml:1\n"));
  EXPECT_THAT(text, testing::ContainsRegex("  dir: /d +# flag --data\n"));
  EXPECT_THAT(text, testing::ContainsRegex("  level: debug +# environment CISTERN__LOG__LEVEL\n"));
  EXPECT_THAT(text, testing::ContainsRegex("  format: text +# default\n"));
}

}  // namespace
}  // namespace cistern
