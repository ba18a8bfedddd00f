// The pack sshd over the logs of the corpus: as a test of a rule file would run them, and by rehearsal over a
// store that holds them. Both give the same events, and the counts that sshd_truth.py works out from the
// text.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <map>

#include "corpus.h"
#include "service/rules/packs.h"
#include "service/rules/rehearsal.h"
#include "service/rules/rule_test.h"
#include "storage/filter/time_text.h"
#include "tests/unit/service/rules/rule_files.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

struct Log {
  const char *file, *received;
  std::map<std::string, std::size_t> expected;
};

void PrintTo(const Log& log, std::ostream* out) { *out << log.file; }

class SshdPackTest : public testing::TestWithParam<Log> {
 protected:
  void SetUp() override {
    const auto presence = conformance::CheckCorpus(GetParam().file);
    if (presence.present) return;
    if (presence.required) FAIL() << presence.message;
    GTEST_SKIP() << presence.message;
  }

  static std::vector<std::string> Lines() {
    std::ifstream file(conformance::PathOf(GetParam().file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      if (line.ends_with('\r')) line.pop_back();
      lines.push_back(line);
    }
    return lines;
  }

  static std::vector<v1::Event> ByTest(const v1::RuleFile& pack) {
    v1::RuleTest test;
    test.set_received(GetParam().received);
    for (std::string& line : Lines()) test.add_records(std::move(line));
    const auto outcome = RunRuleTest(RulesOf(pack), test, {});
    EXPECT_TRUE(outcome) << outcome.error();
    return outcome->events;
  }

  std::vector<v1::Event> ByRehearsal(const v1::RuleFile& pack) {
    const std::int64_t last = Store(Lines());
    RehearsalPlan plan;
    plan.rules = RulesOf(pack);
    plan.max_events = 1000;
    plan.hostname = "test";
    auto made = Rehearsal::Make(*store_, {}, std::move(plan), last + 1);
    EXPECT_TRUE(made) << made.error();
    while (*(*made)->Step() == Rehearsal::Progress::kMore) continue;
    return (*made)->events();
  }

  // Each is received when it says it was made.
  std::int64_t Store(const std::vector<std::string>& lines) {
    const auto start = filter::ParseTime(GetParam().received);
    std::int64_t clock = start ? start->start : 0;
    RecordBatch batch;
    for (const std::string& line : lines) {
      AddMessage(batch, "");
      Record& record = batch.records().back();
      ParseMessage(batch.arena().Copy(line), {.received = clock, .zone = nullptr}, record);
      if (record.time != kNoTime && (batch.size() == 1 || record.time > clock)) clock = record.time;
      record.received = clock;
    }
    RecordBatch* batches[] = {&batch};
    EXPECT_TRUE(store_->Append(batches, {}));
    return clock;
  }

  // What sshd_truth.py says.
  static std::map<std::string, std::size_t> Truth() {
    const std::string command = fmt::format("python3 '{}/tests/conformance/sshd_truth.py' '{}'",
                                            CISTERN_SOURCE_DIR, conformance::PathOf(GetParam().file));
    std::FILE* pipe = popen(command.c_str(), "r");
    char text[4096];
    const std::string answer(text, std::fread(text, 1, sizeof text, pipe));
    EXPECT_EQ(pclose(pipe), 0);
    std::map<std::string, std::size_t> counts;
    const boost::json::value told = boost::json::parse(answer);
    for (const auto& [name, count] : told.at("events").as_object())
      counts[std::string(name)] = count.to_number<std::size_t>();
    return counts;
  }

  static std::map<std::string, std::size_t> CountsOf(const std::vector<v1::Event>& events) {
    std::map<std::string, std::size_t> counts;
    for (const v1::Event& event : events) {
      if (event.rule() != "sshd-stats") ++counts[event.rule()];
    }
    return counts;
  }

  TempFolder folder_;
  std::unique_ptr<cistern::Store> store_ = OpenStore(folder_.path());
};

std::string Told(const v1::Event& event) {
  std::string text = fmt::format("{} {} x{}", event.rule(), event.key(), event.count());
  for (const auto& [name, value] : std::map(event.fields().begin(), event.fields().end()))
    text += fmt::format(" {}={}", name, value);
  return text;
}

std::vector<std::string> Told(const std::vector<v1::Event>& events) {
  std::vector<std::string> texts;
  for (const v1::Event& event : events) texts.push_back(Told(event));
  return texts;
}

TEST_P(SshdPackTest, GivesTheSameEventsLiveAndByRehearsal) {
  const v1::RuleFile pack = ReadRules(FindRulePack("sshd")->text);
  const std::vector<v1::Event> events = ByTest(pack);
  EXPECT_EQ(CountsOf(events), GetParam().expected);
  EXPECT_EQ(CountsOf(events), Truth());
  EXPECT_EQ(Told(ByRehearsal(pack)), Told(events));
}

INSTANTIATE_TEST_SUITE_P(
    , SshdPackTest,
    testing::Values(
        Log{"sshd_16.cap", "", {{"sshd-login-failed", 1}, {"sshd-login-succeeded", 2}}},
        Log{"loghub/OpenSSH_2k.log",
            "2005-12-10T00:00:00Z",
            {{"sshd-attempts-exceeded", 14}, {"sshd-login-failed", 492}, {"sshd-login-succeeded", 1}}},
        Log{"loghub/Linux_2k.log", "2005-06-14T00:00:00Z", {{"sshd-pam-attempts-exceeded", 41}}}),
    [](const auto& info) { return conformance::TestName(info.param.file); });

}  // namespace
}  // namespace cistern
