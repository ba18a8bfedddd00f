// Environment and command line: precedence, origins, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cistern/v1/config.pb.h"
#include "service/config/config.h"

namespace cistern {
namespace {

std::string Errors(const ConfigSources& sources) {
  const auto loaded = LoadConfigText("", "", sources);
  return loaded ? "" : loaded.error().ToString();
}

LoadedConfig Loaded(std::string_view text, const ConfigSources& sources) {
  auto loaded = LoadConfigText(text, "/etc/cistern/c.yaml", sources);
  EXPECT_TRUE(loaded) << loaded.error().ToString();
  return *loaded;
}

TEST(Layers, FileIsWeakerThanEnvironmentIsWeakerThanFlag) {
  const char* file = "storage: {dir: /file, sync: normal}\nlog: {level: error}";
  const ConfigSources sources{
      .environment = {{"CISTERN__STORAGE__DIR", "/environment"}, {"CISTERN__LOG__LEVEL", "debug"}},
      .sets = {"storage.dir=/flag"}};
  const LoadedConfig loaded = Loaded(file, sources);
  EXPECT_EQ(loaded.config->storage().dir(), "/flag");
  EXPECT_EQ(loaded.config->log().level(), "debug");
  EXPECT_EQ(loaded.config->storage().sync(), "normal");
  EXPECT_EQ(loaded.origins.at("storage.dir").ToString(), "flag --set");
  EXPECT_EQ(loaded.origins.at("log.level").ToString(), "environment CISTERN__LOG__LEVEL");
  EXPECT_EQ(loaded.origins.at("storage.sync").ToString(), "/etc/cistern/c.yaml:1");
  EXPECT_EQ(loaded.origins.at("log.format").ToString(), "default");
}

TEST(Layers, LaterSetWinsAndSetIsStrongerThanData) {
  EXPECT_EQ(Loaded("", {.data = "/data", .sets = {}}).config->storage().dir(), "/data");
  EXPECT_EQ(
      Loaded("", {.data = "/data", .sets = {"storage.dir=/a", "storage.dir=/b"}}).config->storage().dir(),
      "/b");
}

TEST(Layers, PathsOfEnvironmentAndFlagsStartFromTheWorkingDirectory) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(Loaded("", {.data = "d"}).config->storage().dir(), here + "/d");
  EXPECT_EQ(Loaded("", {.environment = {{"CISTERN__STORAGE__DIR", "./d"}}}).config->storage().dir(),
            here + "/d");
  EXPECT_EQ(Loaded("storage: {dir: d}", {}).config->storage().dir(), "/etc/cistern/d");
}

TEST(Environment, OneVariableMovesTheDefaultListener) {
  const LoadedConfig loaded =
      Loaded("", {.environment = {{"CISTERN__LISTENERS__0__UDP__ADDRESS", "0.0.0.0:514"}}});
  ASSERT_EQ(loaded.config->listeners_size(), 2);
  EXPECT_EQ(loaded.config->listeners(0).udp().address(), "0.0.0.0:514");
  EXPECT_EQ(loaded.config->listeners(1).tcp().address(), "127.0.0.1:5140");
}

TEST(Environment, IndexesAreAppliedInNumericOrder) {
  ConfigSources sources;
  for (int i = 0; i < 12; ++i) {
    const std::string at = "CISTERN__TIME_ZONE__SENDERS__" + std::to_string(i);
    sources.environment[at + "__NETWORK"] = "10.0.0." + std::to_string(i);
    sources.environment[at + "__ZONE"] = "UTC";
  }
  const LoadedConfig loaded = Loaded("", sources);
  ASSERT_EQ(loaded.config->time_zone().senders_size(), 12);
  EXPECT_EQ(loaded.config->time_zone().senders(11).network(), "10.0.0.11");
}

TEST(Environment, KeysWithOneUnderscoreWork) {
  EXPECT_EQ(Loaded("", {.environment = {{"CISTERN__MAX_MESSAGE_SIZE", "8KiB"}}}).config->max_message_size(),
            8192u);
}

TEST(Environment, OtherVariablesAreIgnored) {
  EXPECT_EQ(Errors({.environment = {{"CISTERN_PORT", "tcp://10.0.0.1:5140"},
                                    {"CISTERN_SERVICE_HOST", "10.0.0.1"},
                                    {"CISTERN_STORAGE_DIR", "/x"},
                                    {"PATH", "/bin"},
                                    {"CISTERN_CONFIG", ""}}}),
            "");
}

TEST(Environment, UnknownKeyIsAnErrorThatNamesTheVariable) {
  EXPECT_EQ(Errors({.environment = {{"CISTERN__STORAGE__DRI", "/x"}}}),
            "environment CISTERN__STORAGE__DRI: storage.dri: unknown key; did you mean dir?\n");
  EXPECT_NE(Errors({.environment = {{"CISTERN__", "/x"}}}), "");
  EXPECT_NE(Errors({.environment = {{"CISTERN__STORAGE____DIR", "/x"}}}), "");
}

TEST(Environment, NamesTheFile) {
  EXPECT_EQ(LoadConfig({.environment = {{"CISTERN_CONFIG", "/absent.yaml"}}}).error().ToString(),
            "/absent.yaml: cannot be read: No such file or directory\n");
  EXPECT_EQ(LoadConfig({.file = "/flag.yaml", .environment = {{"CISTERN_CONFIG", "/absent.yaml"}}})
                .error()
                .ToString(),
            "/flag.yaml: cannot be read: No such file or directory\n");
}

TEST(SetFlag, ReachesIntoListsBothWays) {
  const char* file = "listeners: [{name: a, udp: {address: '127.0.0.1:1'}}]";
  for (const char* key : {"listeners.0.udp.address", "listeners[0].udp.address"}) {
    const LoadedConfig loaded = Loaded(file, {.sets = {std::string(key) + "=127.0.0.1:2"}});
    EXPECT_EQ(loaded.config->listeners(0).udp().address(), "127.0.0.1:2");
  }
  const LoadedConfig appended =
      Loaded(file, {.sets = {"listeners.1.name=b", "listeners.1.tcp.address=127.0.0.1:3"}});
  EXPECT_EQ(appended.config->listeners(1).tcp().address(), "127.0.0.1:3");
}

TEST(SetFlag, ErrorsNameTheFlag) {
  EXPECT_EQ(Errors({.sets = {"storage.dir"}}),
            "flag --set: \"storage.dir\" is not KEY=VALUE, such as storage.dir=/var/lib/cistern\n");
  EXPECT_EQ(Errors({.sets = {"storage.retention.max_age=forever"}}),
            "flag --set: storage.retention.max_age: \"forever\" is not a duration; write it like 50ms, 300s, "
            "1h30m or "
            "7d\n");
  EXPECT_EQ(Errors({.sets = {"listeners.2.name=x"}}),
            "flag --set: listeners[2]: needs one of udp, tcp, tls or unix\n");
  EXPECT_EQ(Errors({.sets = {"control.address=192.0.2.1:5141"}}).substr(0, 65),
            "flag --set: control.address: 192.0.2.1:5141 is not a loopback add");
}

TEST(ListenFlag, ReplacesTheListenersOfTheFile) {
  const LoadedConfig loaded =
      Loaded("listeners: [{name: a, udp: {address: '127.0.0.1:1'}}, {name: b, unix: {path: /x}}]",
             {.environment = {{"CISTERN__LISTENERS__0__NAME", "c"}},
              .listen = {"udp://0.0.0.0:514", "tcp://[::]:514", "udp://[::]:515", "tls://127.0.0.1:6514"},
              .cert = "/c.pem",
              .key = "/k.pem"});
  ASSERT_EQ(loaded.config->listeners_size(), 4);
  EXPECT_EQ(loaded.config->listeners(0).name(), "udp");
  EXPECT_EQ(loaded.config->listeners(0).udp().address(), "0.0.0.0:514");
  EXPECT_EQ(loaded.config->listeners(1).name(), "tcp");
  EXPECT_EQ(loaded.config->listeners(2).name(), "udp2");
  EXPECT_EQ(loaded.config->listeners(3).tls().cert_file(), "/c.pem");
  EXPECT_EQ(loaded.config->listeners(3).tls().key_file(), "/k.pem");
  EXPECT_EQ(loaded.origins.at("listeners[0].udp.address").ToString(), "flag --listen");
  EXPECT_EQ(loaded.origins.at("listeners[3].tls.cert_file").ToString(), "flag --cert");
  EXPECT_EQ(loaded.origins.at("listeners[0].udp.receive_buffer").ToString(), "default");
}

TEST(ListenFlag, SetAppliesOnTop) {
  const LoadedConfig loaded =
      Loaded("", {.listen = {"tcp://127.0.0.1:0"}, .sets = {"listeners.0.tcp.framing=octet"}});
  EXPECT_EQ(loaded.config->listeners(0).tcp().framing(), "octet");
}

TEST(ListenFlag, ErrorsAreOneLine) {
  EXPECT_EQ(
      Errors({.listen = {"http://127.0.0.1:80"}}),
      "flag --listen: \"http://127.0.0.1:80\" is not udp://HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT\n");
  EXPECT_EQ(
      Errors({.listen = {"udp://localhost:514"}}),
      "flag --listen: listeners[0].udp.address: \"localhost:514\" is not a numeric HOST:PORT; did you mean "
      "127.0.0.1:514?\n");
  EXPECT_EQ(Errors({.listen = {"tls://127.0.0.1:6514"}}),
            "flag --listen: \"tls://127.0.0.1:6514\" needs --cert FILE and --key FILE\n");
  EXPECT_EQ(Errors({.listen = {"tls://127.0.0.1:6514"}, .cert = "c"}),
            "flag --cert: needs --key FILE as well\n");
  EXPECT_EQ(Errors({.listen = {"tls://127.0.0.1:6514"}, .key = "k"}),
            "flag --key: needs --cert FILE as well\n");
  EXPECT_EQ(Errors({.listen = {"udp://127.0.0.1:514"}, .cert = "c", .key = "k"}),
            "flag --cert: belongs to --listen tls://HOST:PORT, which is not given\n");
  EXPECT_EQ(Errors({.listen = {"udp://127.0.0.1:514", "udp://127.0.0.1:514"}}),
            "flag --listen: listeners[1].udp.address: 127.0.0.1:514 is in use already by "
            "listeners[0].udp.address\n");
}

}  // namespace
}  // namespace cistern
