#include "service/rules/rule_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"
#include "service/rules/rule_run.h"
#include "storage/filter/time_text.h"

namespace cistern {
namespace {

constexpr std::int64_t kDefaultStart = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z
// A clock that jumps further would make schedules fire for ever.
constexpr std::int64_t kLongestStep = 366LL * 86'400 * 1'000'000'000;
constexpr std::size_t kLongestShown = 120;

std::string Shown(std::string_view text) {
  const bool cut = text.size() > kLongestShown;
  return fmt::format("\"{}{}\"", text.substr(0, kLongestShown), cut ? "..." : "");
}

// What would have been stored.
struct StoredRecords {
  std::vector<std::string> messages;
  std::string last_tags;

  void Add(const Record& record) {
    messages.emplace_back(record.message);
    last_tags = record.tags;
  }
};

// The records of a test as a listener would have received them.
class TestRecords {
 public:
  explicit TestRecords(const v1::RuleTest& test) {
    const auto start = filter::ParseTime(test.received());
    clock_ = start ? start->start : kDefaultStart;
    for (const std::string& line : test.records()) Add(line, !start && records_.empty());
  }
  std::vector<Record>& records() { return records_; }
  std::int64_t clock() const { return clock_; }

 private:
  void Add(const std::string& line, bool starts_clock) {
    Record& record = records_.emplace_back();
    record.id = RecordId{records_.size()};
    ParseMessage(line, {.received = clock_, .zone = nullptr}, record);
    record.transport = Transport::kTcp;
    const bool soon = record.time > clock_ && record.time - clock_ <= kLongestStep;
    if (record.time != kNoTime && (starts_clock || soon)) clock_ = record.time;
    record.received = clock_;
    JudgeClock(clock_, record);
  }

  std::vector<Record> records_;
  std::int64_t clock_ = 0;
};

std::string_view TagOf(std::string_view tags, const std::string& name) {
  TagsReader reader(tags);
  while (const auto tag = reader.Next()) {
    if (tag->name == name) return tag->value;
  }
  return {};
}

class Comparison {
 public:
  Comparison(const v1::RuleTest& test, RuleTestOutcome& outcome) : test_(test), outcome_(outcome) {}

  void Events() {
    const auto& raised = outcome_.events;
    const std::size_t expected = static_cast<std::size_t>(test_.events_size());
    for (std::size_t i = 0; i < std::max(raised.size(), expected); ++i) {
      if (i >= raised.size()) {
        Fail("event {}: expected one of {}, but there is none", i + 1, Want(i).rule());
      } else if (i >= expected) {
        Fail("event {}: {} with key {} is not expected", i + 1, raised[i].rule(), Shown(raised[i].key()));
      } else {
        Compare(i, raised[i], Want(i));
      }
    }
  }

  void Stored(const StoredRecords& stored) {
    if (test_.has_stored() && test_.stored() != stored.messages.size())
      Fail("stored: {} records, expected {}", stored.messages.size(), test_.stored());
    if (test_.messages_size() != 0) Messages(stored.messages);
    const std::map<std::string, std::string> tags(test_.tags().begin(), test_.tags().end());
    for (const auto& [name, value] : tags) {
      const std::string_view has = TagOf(stored.last_tags, name);
      if (has != value) Fail("tags: {} is {}, expected {}", name, Shown(has), Shown(value));
    }
  }

 private:
  template <class... Args>
  void Fail(fmt::format_string<Args...> format, Args&&... args) {
    outcome_.failures.push_back(fmt::format(format, std::forward<Args>(args)...));
  }
  const v1::ExpectedEvent& Want(std::size_t i) const { return test_.events(static_cast<int>(i)); }

  void Compare(std::size_t i, const v1::Event& event, const v1::ExpectedEvent& want) {
    if (event.rule() != want.rule())
      return Fail("event {}: is one of {} with key {}, expected {}", i + 1, event.rule(), Shown(event.key()),
                  want.rule());
    if (want.has_key() && event.key() != want.key())
      Fail("event {}: key is {}, expected {}", i + 1, Shown(event.key()), Shown(want.key()));
    const std::map<std::string, std::string> fields(want.fields().begin(), want.fields().end());
    for (const auto& [name, value] : fields) {
      const auto has = event.fields().find(name);
      if (has == event.fields().end()) {
        Fail("event {}: has no field {}, expected {}", i + 1, name, Shown(value));
      } else if (has->second != value) {
        Fail("event {}: field {} is {}, expected {}", i + 1, name, Shown(has->second), Shown(value));
      }
    }
    if (want.has_count() && event.count() != want.count())
      Fail("event {}: count is {}, expected {}", i + 1, event.count(), want.count());
  }

  void Messages(const std::vector<std::string>& stored) {
    const std::size_t expected = static_cast<std::size_t>(test_.messages_size());
    for (std::size_t i = 0; i < std::max(stored.size(), expected); ++i) {
      if (i >= stored.size()) {
        Fail("message {}: expected {}, but there is none", i + 1, Shown(test_.messages(static_cast<int>(i))));
      } else if (i >= expected) {
        Fail("message {}: {} is not expected", i + 1, Shown(stored[i]));
      } else if (stored[i] != test_.messages(static_cast<int>(i))) {
        Fail("message {}: is {}, expected {}", i + 1, Shown(stored[i]),
             Shown(test_.messages(static_cast<int>(i))));
      }
    }
  }

  const v1::RuleTest& test_;
  RuleTestOutcome& outcome_;
};

}  // namespace

Result<RuleTestOutcome, std::string> RunRuleTest(const std::vector<v1::Rule>& rules, const v1::RuleTest& test,
                                                 const DetectionLimits& limits) {
  RuleTestOutcome outcome;
  outcome.name = test.name();
  if (!test.received().empty() && !filter::ParseTime(test.received())) {
    outcome.failures.push_back("received: " + Shown(test.received()) +
                               " is not a time such as 2026-01-01T00:00:00Z");
    return outcome;
  }
  TestRecords input(test);
  StoredRecords stored;
  RuleRun::Options options;
  options.limits = limits;
  options.hostname = "test";
  options.stored = [&](const Record& record) { stored.Add(record); };
  const std::int64_t start = input.records().empty() ? input.clock() : input.records().front().received;
  auto run = RuleRun::Make(rules, start, std::move(options));
  if (!run) return {boost::system::in_place_error, std::move(run).error()};
  // One after the other, so that events raise further events at their time.
  for (Record& record : input.records()) {
    RecordsView view({&record, 1});
    (*run)->Feed(view, nullptr, nullptr);
  }
  (*run)->Finish(input.clock() + test.then_wait());
  outcome.events = (*run)->events().events();
  Comparison comparison(test, outcome);
  comparison.Events();
  comparison.Stored(stored);
  return outcome;
}

}  // namespace cistern
