#include <gmock/gmock.h>

#include "fake_daemon.h"

namespace cistern::ctl {
namespace {

using testing::HasSubstr;

v1::TailResponse Response(std::vector<v1::Record> records, const std::string& token) {
  v1::TailResponse response;
  for (auto& record : records) *response.add_records() = std::move(record);
  response.set_resume_token(token);
  return response;
}

constexpr int kUnavailable = 14;

TEST(TailTest, BeginsWithTheLastHundredAndFollows) {
  FakeDaemon daemon;
  daemon.tails = {
      {.responses = {Response({MakeRecord(1, "one"), MakeRecord(2, "two")}, "t2")}, .hold = true}};
  const auto result = Ctl(daemon, {"tail", "app:a", "-o", "raw"}, "two");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "<13>one\n<13>two\n");
  EXPECT_EQ(result.err, "");
  ASSERT_EQ(daemon.tail_requests.size(), 1u);
  EXPECT_EQ(daemon.tail_requests[0].last(), 100u);
  EXPECT_EQ(daemon.tail_requests[0].filter(), "app:a");
  EXPECT_TRUE(daemon.tail_requests[0].follow());
}

TEST(TailTest, StartsWhereItIsTold) {
  FakeDaemon daemon;
  daemon.tails.assign(4, {.responses = {Response({MakeRecord(9, "x")}, "t")}, .hold = true});
  Ctl(daemon, {"tail", "-n", "0", "-o", "raw"}, "x");
  Ctl(daemon, {"tail", "-n", "5", "-o", "raw"}, "x");
  Ctl(daemon, {"tail", "--from-id", "9", "-o", "raw"}, "x");
  Ctl(daemon, {"tail", "--resume", "token", "-o", "raw"}, "x");
  ASSERT_EQ(daemon.tail_requests.size(), 4u);
  EXPECT_TRUE(daemon.tail_requests[0].has_after_record_id());
  EXPECT_EQ(daemon.tail_requests[0].after_record_id(), 0u);
  EXPECT_EQ(daemon.tail_requests[1].last(), 5u);
  EXPECT_EQ(daemon.tail_requests[2].after_record_id(), 8u);
  EXPECT_EQ(daemon.tail_requests[3].resume_token(), "token");
}

TEST(TailTest, LostConnectionIsResumedBehindTheLastResponse) {
  FakeDaemon daemon;
  daemon.tails = {{.responses = {Response({MakeRecord(1, "one")}, "t1"), Response({}, "t5")},
                   .end = {kUnavailable, "cisternd is stopping"}},
                  {.end = {kUnavailable, "still starting"}},
                  {.responses = {Response({MakeRecord(6, "six")}, "t6")}, .hold = true}};
  const auto result = Ctl(daemon, {"tail", "-o", "raw", "--print-resume"}, "six");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "<13>one\n<13>six\n");
  EXPECT_EQ(result.err,
            "cisternctl: cisternd is stopping; trying again until it is back\n"
            "cisternctl: connected again; nothing was missed\n"
            "resume: t6\n");
  ASSERT_EQ(daemon.tail_requests.size(), 3u);
  EXPECT_EQ(daemon.tail_requests[1].resume_token(), "t5");
  EXPECT_EQ(daemon.tail_requests[2].resume_token(), "t5");
}

TEST(TailTest, QuietReconnectsInSilence) {
  FakeDaemon daemon;
  daemon.tails = {{.responses = {Response({MakeRecord(1, "one")}, "t1")}, .end = {kUnavailable, "away"}},
                  {.responses = {Response({MakeRecord(2, "two")}, "t2")}, .hold = true}};
  EXPECT_EQ(Ctl(daemon, {"tail", "--quiet", "-o", "raw"}, "two").err, "");
}

TEST(TailTest, ErrorThatTryingAgainCannotMendEndsIt) {
  FakeDaemon daemon;
  daemon.tails = {{.responses = {Response({MakeRecord(1, "one")}, "t1")}, .end = {kUnavailable, "away"}},
                  {.end = {9, "the token belongs to another store"}}};
  const auto result = Ctl(daemon, {"tail", "-o", "raw"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_THAT(result.err, HasSubstr("cisternctl: the token belongs to another store\n"));
}

TEST(TailTest, DaemonThatWasNeverThereEndsIt) {
  const auto result = CtlAlone({"--addr", "unix:/nonexistent/control.sock", "tail"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_THAT(result.err, HasSubstr("cannot reach cisternd"));
}

TEST(TailTest, GapIsSaid) {
  FakeDaemon daemon;
  auto response = Response({MakeRecord(12, "twelve")}, "t12");
  response.mutable_gap()->set_first_record_id(5);
  response.mutable_gap()->set_last_record_id(11);
  response.mutable_gap()->set_records(6);
  daemon.tails = {{.responses = {response}, .hold = true}};
  EXPECT_EQ(Ctl(daemon, {"tail", "--quiet", "-o", "raw"}, "twelve").err,
            "cisternctl: gap: retention deleted 6 records (ids 5 to 11) before they were sent\n");
}

TEST(TailTest, SinceStartsAtTheFirstRecordOfThatTime) {
  FakeDaemon daemon;
  daemon.status.mutable_store()->set_last_record_id(50);
  daemon.query.resize(1);
  *daemon.query[0].add_records() = MakeRecord(40, "forty");
  daemon.tails = {{.responses = {Response({MakeRecord(40, "forty")}, "t40")}, .hold = true}};
  Ctl(daemon, {"tail", "--since", "2026-11-20T09:00:30Z", "-o", "raw"}, "forty");
  ASSERT_EQ(daemon.query_requests.size(), 1u);
  EXPECT_EQ(daemon.query_requests[0].filter(), "");
  EXPECT_EQ(daemon.query_requests[0].limit(), 1u);
  EXPECT_EQ(daemon.query_requests[0].order(), v1::QueryRequest::ORDER_OLDEST_FIRST);
  ASSERT_EQ(daemon.tail_requests.size(), 1u);
  EXPECT_EQ(daemon.tail_requests[0].after_record_id(), 39u);
}

TEST(TailTest, FromNowStartsBehindWhatIsStored) {
  FakeDaemon daemon;
  daemon.status.mutable_store()->set_last_record_id(50);
  daemon.tails = {{.responses = {Response({MakeRecord(3605, "new")}, "t")}, .hold = true}};
  Ctl(daemon, {"tail", "--from", "now", "-o", "raw"}, "new");
  ASSERT_EQ(daemon.tail_requests.size(), 1u);
  EXPECT_EQ(daemon.tail_requests[0].after_record_id(), 50u);
}

TEST(TailTest, LastAndSinceTogetherHideOlderRecords) {
  FakeDaemon daemon;
  daemon.tails = {
      {.responses = {Response({MakeRecord(1, "old"), MakeRecord(40, "forty")}, "t40")}, .hold = true}};
  const auto result =
      Ctl(daemon, {"tail", "-n", "2", "--since", "2026-11-20T09:00:30Z", "-o", "raw"}, "forty");
  EXPECT_EQ(daemon.tail_requests.at(0).last(), 2u);
  EXPECT_EQ(result.out, "<13>forty\n");
}

TEST(TailTest, FollowIsWhatItDoesAnyway) {
  FakeDaemon daemon;
  daemon.tails = {{.responses = {Response({MakeRecord(1, "new")}, "t")}, .hold = true}};
  EXPECT_EQ(Ctl(daemon, {"tail", "-f", "-o", "raw"}, "new").out, "<13>new\n");
  ASSERT_EQ(daemon.tail_requests.size(), 1u);
  EXPECT_TRUE(daemon.tail_requests[0].follow());
  EXPECT_EQ(Ctl(daemon, {"tail", "-f", "--no-follow"}).exit_code, 64);
}

TEST(TailTest, FirstRecordBehindToEndsIt) {
  FakeDaemon daemon;
  daemon.tails = {
      {.responses = {Response({MakeRecord(3601, "in"), MakeRecord(4300, "out")}, "t")}, .hold = true}};
  const auto result = Ctl(daemon, {"tail", "--to", "2026-11-20T10:10:00Z", "-o", "raw"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "<13>in\n");
}

TEST(TailTest, WithoutFollowTheLastRecordsAreShownOldestFirst) {
  FakeDaemon daemon;
  daemon.query.resize(1);
  *daemon.query[0].add_records() = MakeRecord(2, "two");
  *daemon.query[0].add_records() = MakeRecord(1, "one");
  EXPECT_EQ(Ctl(daemon, {"tail", "--no-follow", "-n", "2", "-o", "raw"}).out, "<13>one\n<13>two\n");
  EXPECT_EQ(Ctl(daemon, {"tail", "--no-follow", "--order", "newest", "-o", "raw"}).out, "<13>two\n<13>one\n");
  ASSERT_EQ(daemon.query_requests.size(), 2u);
  EXPECT_EQ(daemon.query_requests[0].order(), v1::QueryRequest::ORDER_NEWEST_FIRST);
  EXPECT_EQ(daemon.query_requests[0].limit(), 2u);
  EXPECT_EQ(daemon.query_requests[1].limit(), 100u);
}

TEST(TailTest, WithoutFollowEverythingStreamsOldestFirst) {
  FakeDaemon daemon;
  Ctl(daemon, {"tail", "--no-follow", "-n", "0"});
  Ctl(daemon, {"tail", "--no-follow", "--since", "1h"});
  Ctl(daemon, {"tail", "--to", "1h"});
  ASSERT_EQ(daemon.query_requests.size(), 3u);
  EXPECT_EQ(daemon.query_requests[0].order(), v1::QueryRequest::ORDER_OLDEST_FIRST);
  EXPECT_EQ(daemon.query_requests[0].limit(), 0u);
  EXPECT_EQ(daemon.query_requests[1].limit(), 0u);
  EXPECT_TRUE(daemon.query_requests[1].has_from());
  EXPECT_EQ(daemon.query_requests[2].limit(), 100u);
  EXPECT_TRUE(daemon.query_requests[2].has_to());
}

TEST(TailTest, WithoutFollowFromAnIdEndsWithHistory) {
  FakeDaemon daemon;
  daemon.tails = {{.responses = {Response({MakeRecord(5, "five")}, "t5")}}};
  const auto result = Ctl(daemon, {"tail", "--no-follow", "--from-id", "5", "-o", "raw"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "<13>five\n");
  EXPECT_FALSE(daemon.tail_requests.at(0).follow());
}

}  // namespace
}  // namespace cistern::ctl
