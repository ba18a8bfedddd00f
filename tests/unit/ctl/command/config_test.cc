#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fake_daemon.h"

namespace cistern::ctl {
namespace {

using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    std::string pattern = testing::TempDir() + "ctl-config-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~ConfigTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  std::string folder_;
};

TEST_F(ConfigTest, GoodFilesAreOk) {
  const std::string good =
      Write("good.yaml", "listeners:\n  - {name: udp, udp: {address: \"127.0.0.1:5140\"}}\n");
  const std::string empty = Write("empty.yaml", "");
  const auto result = CtlAlone({"config", "check", good, empty});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, good + ": ok\n" + empty + ": ok\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(ConfigTest, BadFileNamesFileLineKeyAndSuggestion) {
  const std::string bad = Write("bad.yaml", "max_message_size: 64KiB\nlistners: []\n");
  const std::string good = Write("good.yaml", "");
  const auto result = CtlAlone({"config", "check", bad, good});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:2:"));
  EXPECT_THAT(result.err, HasSubstr("listners"));
  EXPECT_THAT(result.err, HasSubstr("did you mean listeners?"));
  EXPECT_EQ(result.out, good + ": ok\n");
}

TEST_F(ConfigTest, MissingKeyIsFound) {
  const std::string bad = Write("bad.yaml", "listeners:\n  - {udp: {address: \"127.0.0.1:5140\"}}\n");
  EXPECT_THAT(CtlAlone({"config", "check", bad}).err, HasSubstr("name"));
}

TEST_F(ConfigTest, RulesPacksAndTargetsAreCheckedAsByTheDaemon) {
  const std::string bad = Write("bad.yaml",
                                "packs:\n  - ssh\nrules:\n  - name: one\n    match: {by: [hots]}\n"
                                "targets:\n  - name: t\n    filter: 'app:'\n    console: {}\n");
  const auto result = CtlAlone({"config", "check", bad});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:2:"));
  EXPECT_THAT(result.err, HasSubstr("packs[0]"));
  EXPECT_THAT(result.err, HasSubstr("bad.yaml:5:"));
  EXPECT_THAT(result.err, HasSubstr("rules[0].match.by[0]"));
  EXPECT_THAT(result.err, HasSubstr("targets[0].filter"));
  const std::string twice = Write("twice.yaml", "rules:\n  - {name: a, drop: {}}\n  - {name: a, drop: {}}\n");
  EXPECT_THAT(CtlAlone({"config", "check", twice}).err, HasSubstr("twice.yaml:3:"));
}

TEST_F(ConfigTest, UnreadableFileIsOneLine) {
  const auto missing = CtlAlone({"config", "check", folder_ + "/missing.yaml"});
  EXPECT_EQ(missing.exit_code, 78);
  EXPECT_EQ(missing.err, "cisternctl: cannot read " + folder_ + "/missing.yaml: No such file or directory\n");
  EXPECT_EQ(CtlAlone({"config", "check", folder_}).err,
            "cisternctl: cannot read " + folder_ + ": Is a directory\n");
}

TEST_F(ConfigTest, ShowPrintsWhatTheDaemonRunsWith) {
  FakeDaemon daemon;
  daemon.config.set_yaml("http:\n  address: 127.0.0.1:5142  # default\n");
  daemon.config.set_file("/etc/cistern.yaml");
  EXPECT_EQ(Ctl(daemon, {"config", "show"}).out,
            "# /etc/cistern.yaml\nhttp:\n  address: 127.0.0.1:5142  # default\n");
}

}  // namespace
}  // namespace cistern::ctl
