// Events: what is kept of what was noticed, listed, changed, forgotten.
#include "service/events/event_store.h"

#include "tests/unit/service/events/events_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;
using Kind = ChangeError::Kind;

TEST_F(EventsTest, RaisedEventsGetGrowingIdsAndAreListedNewestFirst) {
  Commit({Raised("a", "x"), Raised("b", "y", {{"user", "bob"}})});
  EXPECT_THAT(List(), ElementsAre(2, 1));
  const v1::Event event = Get(2);
  EXPECT_EQ(event.rule(), "b");
  EXPECT_EQ(event.fields().at("user"), "bob");
  EXPECT_EQ(event.count(), 3u);
  EXPECT_EQ(event.state(), v1::Event::STATE_OPEN);
  EXPECT_EQ(FromProto(event.create_time()), now_);
  EXPECT_EQ(event.record_id(), 0u);
  EXPECT_EQ(events_->figures().open, 2u);
  EXPECT_EQ(events_->figures().by_severity[4], 2u);
}

TEST_F(EventsTest, MoreGoesToTheNewestEventOfThatRuleAndKey) {
  Commit({Raised("a", "x"), Raised("a", "x"), Raised("a", "y")});
  v1::Event more = MakeEvent("a", "x", {{"user", "eve"}});
  ToProto(kStart + 9 * kSecond, more.mutable_last_time());
  more.set_count(2);
  more.set_summary("");
  Commit({Added(more), Added(MakeEvent("a", "never seen"))});
  EXPECT_EQ(Get(1).count(), 3u);
  EXPECT_EQ(Get(3).count(), 3u);
  const v1::Event event = Get(2);
  EXPECT_EQ(event.count(), 5u);
  EXPECT_EQ(FromProto(event.last_time()), kStart + 9 * kSecond);
  EXPECT_EQ(event.summary(), "a of x");
  EXPECT_EQ(event.fields().at("user"), "eve");
  EXPECT_THAT(event.record_ids(), SizeIs(2));
}

TEST_F(EventsTest, ChangesOfOneCommitSeeEachOther) {
  Commit({Raised("a", "x"), Added(MakeEvent("a", "x")), Resolved("a", "x"), Raised("a", "x")});
  EXPECT_EQ(Get(1).count(), 6u);
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_RESOLVED);
  EXPECT_EQ(Get(2).state(), v1::Event::STATE_OPEN);
  EXPECT_EQ(events_->figures().open, 1u);
}

TEST_F(EventsTest, AnEventIsResolvedOnce) {
  Commit({Raised("a")});
  Commit({Resolved("a")});
  const std::int64_t first = now_;
  now_ += kSecond;
  Commit({Resolved("a"), Resolved("unknown")});
  EXPECT_EQ(FromProto(Get(1).resolve_time()), first);
}

TEST_F(EventsTest, AFailedCommitLeavesNothing) {
  Commit({Raised("a")});
  store_->FailWith(StoreErrc::kDiskFull);
  StateChange also;
  also.cursors.emplace_back("detections", RecordId{5});
  EXPECT_EQ(events_->Commit({Raised("b"), Resolved("a")}, also).error(), StoreErrc::kDiskFull);
  store_->FailWith({});
  EXPECT_THAT(List(), ElementsAre(1));
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_OPEN);
  EXPECT_FALSE(store_->GetCursor("detections"));
  ASSERT_TRUE(events_->Commit({Raised("b")}, also));
  EXPECT_EQ(Get(2).rule(), "b");
  EXPECT_EQ(store_->GetCursor("detections"), RecordId{5});
}

TEST_F(EventsTest, EventsAndNumbersSurviveARestart) {
  Commit({Raised("a", "x"), Raised("b")});
  Commit({Resolved("b")});
  const std::uint64_t change = events_->last_change();
  Reopen();
  EXPECT_THAT(List(), ElementsAre(2, 1));
  EXPECT_EQ(events_->last_change(), change);
  EXPECT_EQ(events_->figures().open, 1u);
  Commit({Raised("c"), Added(MakeEvent("a", "x"))});
  EXPECT_THAT(List(), ElementsAre(3, 2, 1));
  EXPECT_EQ(Get(1).count(), 6u);
}

TEST_F(EventsTest, OnlyTheNewestAreKeptAndIdsNeverComeAgain) {
  limits_.max_count = 3;
  Reopen();
  for (int i = 0; i < 5; ++i) Commit({Raised("a", std::to_string(i))});
  EXPECT_THAT(List(), ElementsAre(5, 4, 3));
  EXPECT_EQ(events_->Get(2).error().kind, Kind::kNotFound);
  Commit({Added(MakeEvent("a", "0"))});  // it is gone
  limits_.max_age = std::chrono::hours(1);
  now_ += 3601 * kSecond;
  Reopen();
  ASSERT_TRUE(events_->Tick());
  EXPECT_THAT(List(), IsEmpty());
  Reopen();
  Commit({Raised("a")});
  EXPECT_THAT(List(), ElementsAre(6));
}

TEST_F(EventsTest, OneLargeCommitKeepsTheBoundAndTheNewest) {
  limits_.max_count = 3;
  Reopen();
  events_->SetRules({});
  Commit({Raised("a", "old")});
  std::vector<EventChange> storm;
  for (int i = 0; i < 50; ++i) storm.push_back(Raised("a", std::to_string(i)));
  storm.push_back(Added(MakeEvent("a", "49")));
  storm.push_back(Added(MakeEvent("a", "0")));  // it came, and is gone
  Commit(storm);
  EXPECT_THAT(List(), ElementsAre(51, 50, 49));
  EXPECT_EQ(*store_->CountObjects("event"), 3u);
  EXPECT_EQ(Get(51).count(), 6u);
  EXPECT_EQ(events_->figures().unplaced, 1u);
  EXPECT_EQ(events_->figures().raised, 51u);
  Reopen();
  EXPECT_THAT(List(), ElementsAre(51, 50, 49));
}

TEST_F(EventsTest, ALowerBoundIsReachedByAndBy) {
  std::vector<EventChange> many;
  for (int i = 0; i < 1000; ++i) many.push_back(Raised("a"));
  Commit(many);
  for (EventChange& change : many) change.event.set_rule("b");
  Commit(many);
  limits_.max_count = 10;
  events_->SetLimits(limits_);
  ASSERT_TRUE(events_->Tick());
  EXPECT_THAT(List(), SizeIs(1000));
  Commit({Raised("c")});
  EXPECT_THAT(List(), SizeIs(10));
  EXPECT_EQ(List().front(), 2001u);
}

TEST_F(EventsTest, ARuleRaisesOnlySoManyAMinute) {
  limits_.max_per_minute = 3;
  Reopen();
  const auto at = [](const std::string& rule, std::int64_t second) {
    v1::Event event = MakeEvent(rule, std::to_string(second));
    ToProto(kStart + second * kSecond, event.mutable_last_time());
    return event;
  };
  const std::int64_t begin = 60 - kStart / kSecond % 60;  // of a minute
  for (int i = 0; i < 5; ++i) Commit({Raised(at("a", begin + i)), Raised(at("a", begin + 60 + i))});
  Commit({Raised(at("b", begin)), Raised(at("a", begin + 59)), Raised(at("a", begin + 120))});
  EXPECT_THAT(List(), SizeIs(3 + 3 + 1 + 1));
  EXPECT_THAT(events_->figures().suppressed, ElementsAre(::testing::Pair("a", 5)));
  Commit({Added(at("a", begin + 4)), Resolved("a", std::to_string(begin + 4))});  // was not raised
  EXPECT_EQ(events_->figures().unplaced, 1u);
  Commit({Raised(at("a", begin - 120 * 60))});  // a clock that was set back
  EXPECT_THAT(List(), SizeIs(9));
}

TEST_F(EventsTest, WhatComesBackAgainAndAgainIsToldOfOnlySoOften) {
  limits_.max_per_minute = 3;
  Reopen();
  Commit({Raised("a")});
  for (int i = 0; i < 5; ++i) Commit({Resolved("a"), Added(MakeEvent("a"))});
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_RESOLVED);
  EXPECT_EQ(Get(1).count(), 3u + 5 * 3);
  EXPECT_EQ(*store_->CountObjects("event_row"), 1u + 3 + 2);
}

TEST_F(EventsTest, AFailedCommitDoesNotCountTowardsTheCap) {
  limits_.max_per_minute = 2;
  Reopen();
  store_->FailWith(StoreErrc::kDiskFull);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(events_->Commit({Raised("a"), Raised("a")}, {}));
  store_->FailWith({});
  Commit({Raised("a"), Raised("a")});
  EXPECT_THAT(List(), SizeIs(2));
  EXPECT_THAT(events_->figures().suppressed, IsEmpty());
}

TEST_F(EventsTest, ListTakesWhatFitsAllParts) {
  v1::Event grave = MakeEvent("disk-full", "web-1");
  grave.set_severity(1);
  v1::Event old = MakeEvent("disk-slow", "web-1");
  ToProto(kStart - 10 * kSecond, old.mutable_first_time());
  ToProto(kStart - 9 * kSecond, old.mutable_last_time());
  Commit({Raised("login", "bob"), Raised(grave), Raised(old), Raised("login", "eve")});
  ASSERT_TRUE(events_->Acknowledge(std::vector<std::uint64_t>{4}, "", "me"));
  EventQuery query;
  query.rule = "disk-*";
  EXPECT_THAT(List(query), ElementsAre(3, 2));
  query.severity = 1;
  EXPECT_THAT(List(query), ElementsAre(2));
  query = {};
  query.key = "web-1";
  EXPECT_THAT(List(query), ElementsAre(3, 2));
  query = {};
  query.states = {v1::Event::STATE_ACKNOWLEDGED};
  EXPECT_THAT(List(query), ElementsAre(4));
  query = {};
  query.last_from = kStart;
  EXPECT_THAT(List(query), ElementsAre(4, 2, 1));
  query = {};
  query.first_to = kStart;
  EXPECT_THAT(List(query), ElementsAre(3));
}

TEST_F(EventsTest, PagesGoOnWhereTheLastEnded) {
  for (int i = 0; i < 5; ++i) Commit({Raised(i % 2 == 0 ? "even" : "odd")});
  EventQuery query;
  query.rule = "even";
  const auto first = events_->List(query, 0, 2);
  EXPECT_THAT(Ids(first->events), ElementsAre(5, 3));
  const auto second = events_->List(query, first->before, 2);
  EXPECT_THAT(Ids(second->events), ElementsAre(1));
  EXPECT_EQ(second->before, 0u);
}

TEST_F(EventsTest, LargeEventsMakeSmallerPages) {
  for (int i = 0; i < 100; ++i) Commit({Raised("a", "", {{"text", std::string(15000, 'x')}})});
  std::uint64_t before = 0;
  std::vector<std::uint64_t> all;
  do {
    const auto page = events_->List({}, before, 1000);
    EXPECT_LT(page->events.size(), 100u);
    for (const std::uint64_t id : Ids(page->events)) all.push_back(id);
    before = page->before;
  } while (before != 0);
  EXPECT_THAT(all, SizeIs(100));
  const auto changes = events_->ChangedAfter(0, {}, 1000);
  EXPECT_TRUE(changes->more);
  EXPECT_EQ(changes->last, changes->events.size());
}

TEST_F(EventsTest, ChangesAreToldOnceAndInOrder) {
  Commit({Raised("a"), Raised("b")});
  const std::uint64_t seen = events_->ChangedAfter(0, {}, 10)->last;
  EXPECT_EQ(seen, events_->last_change());
  EXPECT_THAT(events_->ChangedAfter(seen, {}, 10)->events, IsEmpty());
  Commit({Raised("c")});
  ASSERT_TRUE(events_->Acknowledge(std::vector<std::uint64_t>{1}, "", "me"));
  ASSERT_TRUE(events_->Acknowledge(std::vector<std::uint64_t>{1}, "again", "me"));
  const auto changes = events_->ChangedAfter(seen, {}, 1);
  EXPECT_THAT(Ids(changes->events), ElementsAre(3));
  EXPECT_THAT(changes->changes, ElementsAre(changes->last));
  EXPECT_TRUE(changes->more);
  const auto rest = events_->ChangedAfter(changes->last, {}, 10);
  EXPECT_THAT(Ids(rest->events), ElementsAre(1));
  EXPECT_FALSE(rest->more);
  EventQuery query;
  query.rule = "b";
  EXPECT_THAT(Ids(events_->ChangedAfter(0, query, 10)->events), ElementsAre(2));
}

TEST_F(EventsTest, ListenerHearsOfEachChange) {
  int heard = 0;
  events_->SetListener([&heard] { ++heard; });
  Commit({Raised("a")});
  ASSERT_TRUE(events_->Resolve(std::vector<std::uint64_t>{1}, "", "me"));
  EXPECT_EQ(heard, 2);
}

TEST_F(EventsTest, PeopleAcknowledgeResolveAndNote) {
  Commit({Raised("a"), Raised("b")});
  const std::vector<std::uint64_t> ids{2, 1};
  const auto seen = events_->Acknowledge(ids, "looking", "bob");
  EXPECT_THAT(Ids(*seen), ElementsAre(2, 1));
  EXPECT_EQ(seen->front().state(), v1::Event::STATE_ACKNOWLEDGED);
  EXPECT_EQ(seen->front().notes(0).who(), "bob");
  ASSERT_TRUE(events_->Resolve(ids, "", "bob"));
  const auto again = events_->Acknowledge(ids, "late", "eve");
  EXPECT_EQ(again->front().state(), v1::Event::STATE_RESOLVED);
  EXPECT_THAT(again->front().notes(), SizeIs(2));
  EXPECT_EQ(FromProto(again->front().resolve_time()), now_);
  Reopen();
  EXPECT_THAT(Get(1).notes(), SizeIs(2));
}

TEST_F(EventsTest, ChangesOfPeopleAreAllOrNone) {
  Commit({Raised("a")});
  EXPECT_EQ(events_->Resolve(std::vector<std::uint64_t>{1, 9}, "", "me").error().kind, Kind::kNotFound);
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_OPEN);
  EXPECT_EQ(events_->Resolve({}, "", "me").error().kind, Kind::kInvalid);
  EXPECT_EQ(events_->Resolve(std::vector<std::uint64_t>{1}, std::string(4097, 'x'), "me").error().kind,
            Kind::kInvalid);
  for (std::size_t i = 0; i < EventStore::kMaxNotes; ++i)
    ASSERT_TRUE(events_->Acknowledge(std::vector<std::uint64_t>{1}, "note", "me"));
  EXPECT_THAT(events_->Acknowledge(std::vector<std::uint64_t>{1}, "note", "me").error().text,
              HasSubstr("100"));
}

TEST_F(EventsTest, WhatIsNoTextBecomesText) {
  Commit({Raised("a", "\xff", {{"user", "b\xc3"}, {std::string(58, 'n'), "too long a name"}, {"", "none"}})});
  Reopen();
  EXPECT_EQ(Get(1).key(), "\xef\xbf\xbd");
  EXPECT_EQ(Get(1).fields().at("user"), "b\xef\xbf\xbd");
  EXPECT_THAT(Get(1).fields(), SizeIs(1));
  Commit({Resolved("a", "\xff")});
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_RESOLVED);
}

TEST_F(EventsTest, HugeEventsAreCut) {
  Fields fields;
  for (int i = 0; i < 100; ++i) fields.emplace_back("f" + std::to_string(i), std::string(1000, 'x'));
  Commit({Raised("a", std::string(9999, 'k'), fields)});
  EXPECT_EQ(Get(1).key().size(), 1024u);
  EXPECT_LT(Get(1).ByteSizeLong(), 24u << 10);
}

TEST_F(EventsTest, LongKeysThatDifferAtTheirEndStayDifferent) {
  for (const std::string part : {"k", "\xff", "\xc3\xa4"}) {
    std::string one;
    while (one.size() < 2000) one += part;
    const std::string two = one + "x";
    const std::uint64_t before = events_->figures().kept;
    Commit({Raised("a", one), Raised("a", two), Added(MakeEvent("a", one)), Resolved("a", two)});
    EXPECT_EQ(Get(before + 1).count(), 6u);
    EXPECT_EQ(Get(before + 2).count(), 3u);
    EXPECT_EQ(Get(before + 2).state(), v1::Event::STATE_RESOLVED);
    EXPECT_LE(Get(before + 1).key().size(), 1024u);
    Reopen();
  }
}

TEST_F(EventsTest, AnAddOnMayRepeatARequest) {
  const AddOnEvent request{MakeEvent("probe", "x"), "request-1"};
  const auto first = events_->Raise(request);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->count(), 1u);
  Reopen();
  EXPECT_EQ(events_->Raise(request)->id(), first->id());
  EXPECT_EQ(events_->Raise({MakeEvent("probe", "x"), "request-2"})->id(), first->id() + 1);
  EXPECT_THAT(List(), SizeIs(2));
}

TEST_F(EventsTest, RepeatsOfAnAddOnGoToTheOpenEvent) {
  AddOnEvent request{MakeEvent("probe", "x"), "1", std::chrono::seconds(60)};
  ASSERT_TRUE(events_->Raise(request));
  now_ += 60 * kSecond;
  request.request_id = "2";
  EXPECT_EQ(events_->Raise(request)->count(), 2u);
  EXPECT_EQ(events_->Raise(request)->count(), 2u);
  now_ += 1;
  request.request_id = "3";
  EXPECT_EQ(events_->Raise(request)->id(), 2u);
  ASSERT_TRUE(events_->Resolve(std::vector<std::uint64_t>{2}, "", "me"));
  request.request_id = "4";
  EXPECT_EQ(events_->Raise(request)->id(), 3u);
}

TEST_F(EventsTest, OnlyTheNewestRequestsOfAnEventAreKnown) {
  AddOnEvent request{MakeEvent("probe"), "", std::chrono::hours(1)};
  for (int i = 0; i < 65; ++i) {
    request.request_id = std::to_string(i);
    ASSERT_TRUE(events_->Raise(request));
  }
  EXPECT_EQ(*store_->CountObjects("event_request"), 64u);
  request.request_id = "64";
  EXPECT_EQ(events_->Raise(request)->count(), 65u);
  limits_.max_count = 0;
  Reopen();
  ASSERT_TRUE(events_->Tick());
  EXPECT_EQ(*store_->CountObjects("event_request"), 0u);
}

TEST_F(EventsTest, AddOnsAreToldWhatIsWrong) {
  const auto wrong = [this](const std::function<void(AddOnEvent&)>& change) {
    AddOnEvent request{MakeEvent("probe"), ""};
    change(request);
    const auto raised = events_->Raise(request);
    return raised ? std::string() : raised.error().text;
  };
  EXPECT_EQ(wrong([](AddOnEvent&) {}), "");
  EXPECT_THAT(wrong([](AddOnEvent& r) { r.event.set_rule("Not a name"); }), HasSubstr("rule:"));
  EXPECT_THAT(wrong([](AddOnEvent& r) { r.event.set_severity(8); }), HasSubstr("severity:"));
  EXPECT_THAT(wrong([](AddOnEvent& r) { r.event.set_key(std::string(1025, 'k')); }), HasSubstr("key:"));
  EXPECT_THAT(wrong([](AddOnEvent& r) { (*r.event.mutable_fields())[""] = "x"; }), HasSubstr("fields:"));
  EXPECT_THAT(wrong([](AddOnEvent& r) { r.request_id = std::string(129, 'x'); }), HasSubstr("request_id:"));
}

}  // namespace
}  // namespace cistern
