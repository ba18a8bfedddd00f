#include "service/config/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace cistern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Parsed {
  std::variant<CommandLine, int> result;
  std::string out, err;

  const CommandLine& line() const { return std::get<CommandLine>(result); }
  int code() const { return std::get<int>(result); }
};

Parsed Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "cisternd");
  std::ostringstream out, err;
  auto result =
      ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), {{"A", "b"}}, out, err);
  return {std::move(result), out.str(), err.str()};
}

TEST(CommandLine, CollectsEveryFlag) {
  const Parsed parsed =
      Parse({"--config", "c.yaml", "--listen", "udp://127.0.0.1:1", "--listen=tls://127.0.0.1:2", "--cert",
             "c", "--key", "k", "--data", "d", "--set", "a=b", "--set", "c.d=e f", "--stdout"});
  const CommandLine& line = parsed.line();
  EXPECT_EQ(line.sources.file, "c.yaml");
  EXPECT_THAT(line.sources.listen, ElementsAre("udp://127.0.0.1:1", "tls://127.0.0.1:2"));
  EXPECT_EQ(line.sources.cert, "c");
  EXPECT_EQ(line.sources.key, "k");
  EXPECT_EQ(line.sources.data, "d");
  EXPECT_THAT(line.sources.sets, ElementsAre("a=b", "c.d=e f"));
  EXPECT_TRUE(line.to_stdout);
  EXPECT_EQ(line.mode, CommandMode::kRun);
  EXPECT_EQ(line.sources.environment.at("A"), "b");
}

TEST(CommandLine, NothingGivenRuns) {
  const Parsed parsed = Parse({});
  EXPECT_EQ(parsed.line().mode, CommandMode::kRun);
  EXPECT_FALSE(parsed.line().sources.file);
  EXPECT_FALSE(parsed.line().sources.data);
}

TEST(CommandLine, KnowsItsModes) {
  EXPECT_EQ(Parse({"--check-config"}).line().mode, CommandMode::kCheckConfig);
  EXPECT_EQ(Parse({"--print-config"}).line().mode, CommandMode::kPrintConfig);
}

TEST(CommandLine, HelpAndVersionEndWithSuccess) {
  const Parsed help = Parse({"--help"});
  EXPECT_EQ(help.code(), 0);
  for (const char* word : {"--config", "--set", "--listen", "--cert", "--key", "--data", "--stdout",
                           "--check-config", "--print-config", "--version", "CISTERN_CONFIG",
                           "CISTERN__STORAGE__DIR", "Example:", "Exit codes:", "78"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
  EXPECT_EQ(help.err, "");
  const Parsed version = Parse({"--version"});
  EXPECT_EQ(version.code(), 0);
  EXPECT_THAT(version.out, testing::MatchesRegex("cisternd [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(CommandLine, HelpFitsATerminal) {
  std::istringstream help(Parse({"--help"}).out);
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 110u) << line;
}

TEST(CommandLine, WrongUsageIsOneLineAnd64) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{"--prot"},
                                                    {"--config"},
                                                    {"stray"},
                                                    {"--listen"},
                                                    {"--check-config", "--print-config"},
                                                    {"--listen", "udp://127.0.0.1:1", "udp://127.0.0.1:2"},
                                                    {"--config", "a", "--config", "b"}}) {
    const Parsed parsed = Parse(arguments);
    EXPECT_EQ(parsed.code(), 64) << arguments.back();
    EXPECT_THAT(parsed.err, testing::MatchesRegex("cisternd: [^\n]+\n"));
    EXPECT_EQ(parsed.out, "");
  }
  EXPECT_THAT(Parse({"--prot"}).err, HasSubstr("--prot"));
  EXPECT_EQ(Parse({"--conifg", "a.yaml"}).err,
            "cisternd: unknown option --conifg; did you mean --config? (see cisternd --help)\n");
  EXPECT_EQ(Parse({"stray"}).err, "cisternd: unexpected argument stray (see cisternd --help)\n");
}

TEST(ReadEnvironment, SplitsAtTheFirstEqualsSign) {
  const char* const variables[] = {"A=b=c", "EMPTY=", "ODD", nullptr};
  EXPECT_THAT(ReadEnvironment(variables), ElementsAre(testing::Pair("A", "b=c"), testing::Pair("EMPTY", "")));
}

}  // namespace
}  // namespace cistern
