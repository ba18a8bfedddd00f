#include <gmock/gmock.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <sstream>

#include "ctl/command/commands.h"
#include "ctl/run.h"
#include "fake_daemon.h"

namespace cistern::ctl {
namespace {

using testing::HasSubstr;

void Walk(const CLI::App& app, const std::vector<std::string>& path,
          std::vector<std::vector<std::string>>& all) {
  all.push_back(path);
  for (const CLI::App* child : app.get_subcommands({})) {
    auto longer = path;
    longer.push_back(child->get_name());
    Walk(*child, longer, all);
  }
}

// Every command, the root first.
std::vector<std::vector<std::string>> AllCommands() {
  Context context;
  std::vector<std::vector<std::string>> all;
  Walk(*MakeCommandLine(context), {}, all);
  return all;
}

TEST(HelpTest, EveryCommandHasAnExampleThatNamesIt) {
  for (auto path : AllCommands()) {
    std::string line = "\n  cisternctl";
    for (const auto& name : path) line += " " + name;
    path.push_back("--help");
    const auto result = CtlAlone(path);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, "");
    const auto examples = result.out.find("Example");
    ASSERT_NE(examples, std::string::npos) << result.out;
    EXPECT_THAT(result.out.substr(examples), HasSubstr(line));
  }
}

TEST(HelpTest, FitsInto110Columns) {
  for (auto path : AllCommands()) {
    path.push_back("--help");
    std::istringstream lines(CtlAlone(path).out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
  }
}

TEST(HelpTest, EveryOptionIsDescribed) {
  Context context;
  std::function<void(const CLI::App&)> check = [&](const CLI::App& app) {
    EXPECT_FALSE(app.get_description().empty()) << app.get_name();
    for (const CLI::Option* option : app.get_options()) {
      EXPECT_FALSE(option->get_description().empty()) << app.get_name() << " " << option->get_name();
    }
    for (const CLI::App* child : app.get_subcommands({})) check(*child);
  };
  check(*MakeCommandLine(context));
}

TEST(HelpTest, VersionIsOneLine) {
  const auto result = CtlAlone({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, testing::MatchesRegex("cisternctl [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(ColorTest, FollowsTheTerminalUnlessTold) {
  FakeDaemon daemon;
  daemon.status.set_state(v1::GetStatusResponse::STATE_READY);
  const auto coloured = [&](std::vector<std::string> args, bool terminal) {
    args.push_back("status");
    return Ctl(daemon, args, "", terminal).out.find('\x1b') != std::string::npos;
  };
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  EXPECT_TRUE(coloured({}, true));
  EXPECT_FALSE(coloured({}, false));
  EXPECT_TRUE(coloured({"--color", "always"}, false));
  EXPECT_FALSE(coloured({"--color", "never"}, true));
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(coloured({}, true));
  setenv("TERM", "xterm", 1);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(coloured({}, true));
  EXPECT_TRUE(coloured({"--color", "always"}, true));
  unsetenv("NO_COLOR");
}

TEST(AddrTest, EnvironmentNamesTheDaemon) {
  Context context;
  setenv("CISTERN_ADDR", "unix:/nonexistent/x.sock", 1);
  const auto root = MakeCommandLine(context);
  root->require_subcommand(0);
  root->parse("");
  EXPECT_EQ(context.addr, "unix:/nonexistent/x.sock");
  root->parse("--addr 127.0.0.1:1");
  EXPECT_EQ(context.addr, "127.0.0.1:1");
  unsetenv("CISTERN_ADDR");
}

TEST(CompletionTest, EveryShellKnowsEveryCommandAndLongOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = CtlAlone({"completion", shell}).out;
    for (const auto& path : AllCommands()) {
      EXPECT_THAT(script, HasSubstr(path.empty() ? "cisternctl" : path.back())) << shell;
    }
    for (const char* word : {"limit", "wait-ready", "addr", "oldest", "fish"}) {
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    }
  }
}

// What bash offers for a line; the last word is the one being completed.
std::string BashOffers(const std::string& words) {
  const std::string script = testing::TempDir() + "ctl-completion.bash";
  FILE* file = std::fopen(script.c_str(), "w");
  std::fputs(CtlAlone({"completion", "bash"}).out.c_str(), file);
  std::fclose(file);
  const std::string command =
      "bash -c 'source " + script + "; COMP_WORDS=(" + words +
      "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cisternctl; echo \"${COMPREPLY[*]}\"'";
  FILE* pipe = popen(command.c_str(), "r");
  char text[4096] = {};
  const std::size_t size = std::fread(text, 1, sizeof text - 1, pipe);
  pclose(pipe);
  std::remove(script.c_str());
  return std::string(text, size);
}

TEST(CompletionTest, BashCompletesCommandsOptionsAndValues) {
  EXPECT_EQ(BashOffers("cisternctl que"), "query\n");
  EXPECT_EQ(BashOffers("cisternctl config \"\"").substr(0, 10), "check show");
  EXPECT_EQ(BashOffers("cisternctl query --lim"), "--limit\n");
  EXPECT_EQ(BashOffers("cisternctl query -o j"), "json\n");
  EXPECT_EQ(BashOffers("cisternctl --addr x tail --order \"\""), "newest oldest\n");
  EXPECT_EQ(BashOffers("cisternctl completion z"), "zsh\n");
}

}  // namespace
}  // namespace cistern::ctl
