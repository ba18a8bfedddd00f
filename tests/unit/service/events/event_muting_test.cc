// Silences and inhibition.
#include "cistern/v1/rule.pb.h"
#include "tests/unit/service/events/events_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;
using Kind = ChangeError::Kind;

class MutingTest : public EventsTest {
 protected:
  v1::Silence Silence(const std::string& name, const std::string& filter, int from, int to) {
    v1::Silence silence;
    silence.set_name(name);
    silence.set_filter(filter);
    ToProto(now_ + from * kSecond, silence.mutable_start_time());
    ToProto(now_ + to * kSecond, silence.mutable_end_time());
    return silence;
  }
  std::string MutedBy(EventChange change) {
    Commit({std::move(change)});
    return events_->List({}, 0, 1)->events.at(0).muted();
  }
  static v1::Rule Inhibited(const std::string& name, const std::vector<std::string>& by,
                            const std::vector<std::string>& equal) {
    v1::Rule rule;
    rule.set_name(name);
    v1::EventConfig* event = rule.mutable_threshold()->mutable_event();
    for (const std::string& one : by) event->add_inhibited_by(one);
    for (const std::string& one : equal) event->add_inhibited_equal(one);
    return rule;
  }
};

TEST_F(MutingTest, SilenceMutesWhatMatchesWhileItLasts) {
  ASSERT_TRUE(events_->PutSilence(Silence("night", "tag.event.rule:login-* tag.event.host:web-*", 10, 20)));
  const EventChange login = Raised("login-failed", "", {{"host", "web-1"}});
  EXPECT_EQ(MutedBy(login), "");
  now_ += 10 * kSecond;
  EXPECT_EQ(MutedBy(login), "silence:night");
  EXPECT_EQ(MutedBy(Raised("login-failed", "", {{"host", "db-1"}})), "");
  EXPECT_EQ(MutedBy(Raised("disk", "", {{"host", "web-1"}})), "");
  Reopen();
  EXPECT_EQ(MutedBy(login), "silence:night");
  now_ += 10 * kSecond;
  EXPECT_EQ(MutedBy(login), "");
  EXPECT_EQ(events_->figures().muted, 1u);  // since the restart
}

TEST_F(MutingTest, SilenceSeesSeverityAndSummary) {
  ASSERT_TRUE(events_->PutSilence(Silence("s", "severity:>=warning \"login of bob\"", 0, 60)));
  EXPECT_EQ(MutedBy(Raised("login", "bob")), "silence:s");
  EXPECT_EQ(MutedBy(Raised("login", "eve")), "");
}

TEST_F(MutingTest, SilenceThatCanMatchNothingIsMadeWithWarnings) {
  v1::Rule rule;
  rule.set_name("login-failed");
  (*rule.mutable_match()->mutable_event()->mutable_fields())["host"] = "{{host}}";
  events_->SetRules(std::vector{rule});
  Commit({Raised("addon")});
  const auto warnings = [&](const std::string& filter) {
    const auto put = events_->PutSilence(Silence("s", filter, 0, 60));
    EXPECT_TRUE(put) << filter;
    return put ? std::vector<std::string>(put->warnings().begin(), put->warnings().end())
               : std::vector<std::string>();
  };
  for (const char* good :
       {"tag.event:*", "tag.event.rule:login-*", "tag.event.rule:addon tag.event.host:web-*",
        "severity:err tag.event.severity:err disk", "app:cistern host:here", "NOT tag.event.x:y"})
    EXPECT_THAT(warnings(good), IsEmpty()) << good;
  EXPECT_THAT(warnings("tag.event.rule:logn-*"), ElementsAre(HasSubstr("no rule is called so")));
  EXPECT_THAT(
      warnings("tag.event.hots:web-1"),
      ElementsAre(HasSubstr("no rule gives its events a field \"hots\"; did you mean tag.event.host?")));
  EXPECT_THAT(warnings("tag.host:web-1"), ElementsAre(HasSubstr("did you mean tag.event.host?")));
  EXPECT_THAT(warnings("host:web-1 app:sshd"),
              ElementsAre(HasSubstr("app cistern and hostname here"), HasSubstr("are cistern's own")));
  EXPECT_TRUE(events_->ListSilences(false).at(0).warnings().empty());
}

TEST_F(MutingTest, SilencesThatAreOverAreKeptForADay) {
  ASSERT_TRUE(events_->PutSilence(Silence("a", "tag.event:*", 0, 60)));
  ASSERT_TRUE(events_->PutSilence(Silence("b", "tag.event:*", 100, 200)));
  EXPECT_THAT(events_->ListSilences(false), SizeIs(2));
  ASSERT_TRUE(events_->EndSilence("a"));
  ASSERT_TRUE(events_->EndSilence("b"));  // before it began
  EXPECT_EQ(events_->EndSilence("a").error().kind, Kind::kNotFound);
  EXPECT_THAT(events_->ListSilences(false), IsEmpty());
  EXPECT_THAT(events_->ListSilences(true), SizeIs(2));
  EXPECT_EQ(MutedBy(Raised("x")), "");
  now_ += 86'400 * kSecond;
  ASSERT_TRUE(events_->Tick());
  EXPECT_THAT(events_->ListSilences(true), IsEmpty());
  Reopen();
  EXPECT_THAT(events_->ListSilences(true), IsEmpty());
}

TEST_F(MutingTest, SilencesAreChecked) {
  const auto wrong = [this](const v1::Silence& silence) {
    const auto put = events_->PutSilence(silence);
    return put ? std::string() : put.error().text;
  };
  EXPECT_THAT(wrong(Silence("No Name", "x", 0, 1)), HasSubstr("name:"));
  EXPECT_THAT(wrong(Silence("a", "(x", 0, 1)), HasSubstr("filter: at byte"));
  EXPECT_THAT(wrong(Silence("a", "  ", 0, 1)), HasSubstr("filter:"));
  EXPECT_THAT(wrong(Silence("a", "x", 5, 5)), HasSubstr("end_time:"));
  EXPECT_THAT(wrong(Silence("a", "x", -5, 0)), HasSubstr("end_time:"));
  v1::Silence endless = Silence("a", "x", 0, 1);
  endless.clear_end_time();
  EXPECT_THAT(wrong(endless), HasSubstr("end_time:"));
  v1::Silence now = Silence("a", "x", 0, 1);
  now.clear_start_time();
  EXPECT_EQ(FromProto(events_->PutSilence(now)->start_time()), now_);
}

TEST_F(MutingTest, OpenEventInhibitsThoseWithEqualFields) {
  events_->SetRules(std::vector{Inhibited("service-down", {"host-*"}, {"host"})});
  EXPECT_EQ(MutedBy(Raised("service-down", "a", {{"host", "web-1"}})), "");
  Commit({Raised("host-down", "web-1", {{"host", "web-1"}})});  // 2
  EXPECT_EQ(MutedBy(Raised("service-down", "a", {{"host", "web-1"}})), "inhibited:2");
  EXPECT_EQ(MutedBy(Raised("service-down", "a", {{"host", "web-2"}})), "");
  EXPECT_EQ(MutedBy(Raised("service-down", "a")), "");
  EXPECT_EQ(MutedBy(Raised("other", "a", {{"host", "web-1"}})), "");
  ASSERT_TRUE(events_->Acknowledge(std::vector<std::uint64_t>{2}, "", "me"));
  EXPECT_EQ(MutedBy(Raised("service-down", "a", {{"host", "web-1"}})), "inhibited:2");
  Commit({Resolved("host-down", "web-1")});
  EXPECT_EQ(MutedBy(Raised("service-down", "a", {{"host", "web-1"}})), "");
}

TEST_F(MutingTest, MissingFieldsAreEqualAndKeysCount) {
  events_->SetRules(std::vector{Inhibited("b", {"a"}, {"host", "key"})});
  Commit({Raised("a", "k")});
  EXPECT_EQ(MutedBy(Raised("b", "k")), "inhibited:1");
  EXPECT_EQ(MutedBy(Raised("b", "other")), "");
  EXPECT_EQ(MutedBy(Raised("b", "k", {{"host", ""}})), "inhibited:1");
}

TEST_F(MutingTest, EventsOfOneRuleDoNotInhibitEachOther) {
  events_->SetRules(std::vector{Inhibited("a", {"*"}, {})});
  Commit({Raised("a")});
  EXPECT_EQ(MutedBy(Raised("a")), "");
  Commit({Raised("b")});
  EXPECT_EQ(MutedBy(Raised("a")), "inhibited:3");
}

TEST_F(MutingTest, InhibitionWorksWithinOneCommitAndOverARestart) {
  const std::vector rules{Inhibited("b", {"a"}, {"host"})};
  events_->SetRules(rules);
  Commit({Raised("a", "", {{"host", "x"}}), Raised("b", "", {{"host", "x"}})});
  EXPECT_EQ(Get(2).muted(), "inhibited:1");
  Reopen();
  EXPECT_EQ(MutedBy(Raised("b", "", {{"host", "x"}})), "");  // no rules yet
  events_->SetRules(rules);
  EXPECT_EQ(MutedBy(Raised("b", "", {{"host", "x"}})), "inhibited:1");
}

TEST_F(MutingTest, FailedCommitDoesNotInhibit) {
  events_->SetRules(std::vector{Inhibited("b", {"a"}, {})});
  store_->FailWith(StoreErrc::kDiskFull);
  EXPECT_FALSE(events_->Commit({Raised("a")}, {}));
  store_->FailWith({});
  EXPECT_EQ(MutedBy(Raised("b")), "");
  Commit({Raised("a")});
  store_->FailWith(StoreErrc::kDiskFull);
  EXPECT_FALSE(events_->Commit({Resolved("a")}, {}));
  store_->FailWith({});
  EXPECT_EQ(MutedBy(Raised("b")), "inhibited:2");
}

TEST_F(MutingTest, DroppedEventsDoNotInhibit) {
  limits_.max_count = 1;
  Reopen();
  events_->SetRules(std::vector{Inhibited("b", {"a"}, {})});
  Commit({Raised("a")});
  Commit({Raised("c")});
  EXPECT_EQ(MutedBy(Raised("b")), "");
}

TEST_F(MutingTest, FieldsThatChangeInhibitOthers) {
  events_->SetRules(std::vector{Inhibited("b", {"a"}, {"host"})});
  Commit({Raised("a", "", {{"host", "x"}})});
  Commit({Added(MakeEvent("a", "", {{"host", "y"}}))});
  EXPECT_EQ(MutedBy(Raised("b", "", {{"host", "x"}})), "");
  EXPECT_EQ(MutedBy(Raised("b", "", {{"host", "y"}})), "inhibited:1");
}

TEST_F(MutingTest, AddOnsMayNotUseNamesOfRules) {
  events_->SetRules(std::vector{Inhibited("taken", {}, {})});
  EXPECT_THAT(events_->Raise(AddOnEvent{MakeEvent("taken"), ""}).error().text, HasSubstr("name of a rule"));
}

}  // namespace
}  // namespace cistern
