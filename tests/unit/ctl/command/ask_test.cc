// The commands that ask one question: count, histogram, top, senders, status, explain.
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "fake_daemon.h"

namespace cistern::ctl {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1'795'168'800;

TEST(CountTest, PrintsOneNumber) {
  FakeDaemon daemon;
  daemon.aggregate.set_count(1234567);
  const auto result = Ctl(daemon, {"count", "severity:>=err", "--since", "1h"});
  EXPECT_EQ(result.out, "1234567\n");
  ASSERT_EQ(daemon.aggregate_requests.size(), 1u);
  EXPECT_EQ(daemon.aggregate_requests[0].filter(), "severity:>=err");
  EXPECT_EQ(daemon.aggregate_requests[0].from().seconds(), kNow - 3600);
  EXPECT_FALSE(daemon.aggregate_requests[0].has_bucket());
}

void AnswerBuckets(FakeDaemon& daemon) {
  daemon.status.mutable_store()->mutable_oldest_received_time()->set_seconds(kNow - 3600);
  for (const auto& [offset, count] : {std::pair{-240, 4}, {0, 2}}) {
    auto* bucket = daemon.aggregate.add_buckets();
    bucket->mutable_start()->set_seconds(kNow + offset);
    bucket->set_count(static_cast<std::uint64_t>(count));
  }
  daemon.aggregate.set_count(6);
}

TEST(HistogramTest, DrawsBarsWithABucketThatSuitsWhatIsStored) {
  FakeDaemon daemon;
  AnswerBuckets(daemon);
  const auto result = Ctl(daemon, {"histogram", "--since", "7d"});
  EXPECT_EQ(daemon.aggregate_requests.at(0).bucket().seconds(), 120);
  EXPECT_THAT(result.out, testing::StartsWith("2026-11-20 09:56  4  \u2588"));
  EXPECT_THAT(result.out, HasSubstr("\n2026-11-20 09:58  0\n"));
  EXPECT_EQ(result.err, "cisternctl: 6 records, 2m a line\n");
}

TEST(HistogramTest, JsonHasOneBucketALineEmptyOnesIncluded) {
  FakeDaemon daemon;
  AnswerBuckets(daemon);
  EXPECT_EQ(Ctl(daemon, {"histogram", "--bucket", "2m", "-o", "json"}).out,
            "{\"start\":\"2026-11-20T09:56:00.000000000Z\",\"count\":4}\n"
            "{\"start\":\"2026-11-20T09:58:00.000000000Z\",\"count\":0}\n"
            "{\"start\":\"2026-11-20T10:00:00.000000000Z\",\"count\":2}\n");
}

TEST(HistogramTest, BadBucketIsUsage) {
  FakeDaemon daemon;
  const auto result = Ctl(daemon, {"histogram", "--bucket", "wide"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_THAT(result.err, HasSubstr("--bucket: \"wide\" is not a duration"));
}

void AnswerTop(FakeDaemon& daemon) {
  daemon.aggregate.set_count(100);
  for (const auto& [value, count] : {std::pair{"web\x1b", 60}, {"", 20}}) {
    auto* added = daemon.aggregate.add_values();
    added->set_value(value);
    added->set_count(static_cast<std::uint64_t>(count));
  }
  daemon.aggregate.set_distinct_values(5);
  daemon.aggregate.set_other(15);
  daemon.aggregate.set_without_value(5);
}

TEST(TopTest, ShowsSharesAndTheRest) {
  FakeDaemon daemon;
  AnswerTop(daemon);
  EXPECT_EQ(Ctl(daemon, {"top", "host", "app:sshd", "-n", "2"}).out,
            "COUNT  SHARE  host\n"
            "   60  60.0%  web\\x1b\n"
            "   20  20.0%  \"\"\n"
            "   15  15.0%  (3 other values)\n"
            "    5   5.0%  (absent)\n");
  EXPECT_EQ(daemon.aggregate_requests.at(0).top_field(), "host");
  EXPECT_EQ(daemon.aggregate_requests.at(0).top_limit(), 2u);
  EXPECT_EQ(daemon.aggregate_requests.at(0).filter(), "app:sshd");
}

TEST(TopTest, JsonHasOneValueALine) {
  FakeDaemon daemon;
  AnswerTop(daemon);
  EXPECT_EQ(Ctl(daemon, {"top", "host", "-o", "json"}).out,
            "{\"value\":\"web\\u001b\",\"count\":60}\n{\"value\":\"\",\"count\":20}\n");
}

TEST(ExplainTest, PlanGoesToStandardError) {
  FakeDaemon daemon;
  daemon.aggregate.set_count(3);
  daemon.aggregate.mutable_summary()->set_batches_considered(42);
  daemon.aggregate.mutable_summary()->set_matches(3);
  const auto table = Ctl(daemon, {"count", "--explain"});
  EXPECT_EQ(table.out, "3\n");
  EXPECT_THAT(table.err, HasSubstr("42  batches considered\n"));
  const auto json = Ctl(daemon, {"count", "--explain", "-o", "json"});
  EXPECT_EQ(json.out, "{\"count\":3}\n");
  EXPECT_THAT(json.err, HasSubstr("\"batches_considered\":42,"));
  for (const std::string command : {"top", "histogram"}) {
    std::vector<std::string> words = {command, "--explain"};
    if (command == "top") words.insert(words.begin() + 1, "app");
    EXPECT_THAT(Ctl(daemon, words).err, HasSubstr("42  batches considered\n")) << command;
  }
}

v1::ListSendersResponse Senders(const std::vector<std::string>& hosts, const std::string& next, int total) {
  v1::ListSendersResponse response;
  for (const auto& host : hosts) {
    auto* sender = response.add_senders();
    sender->set_peer_address("192.0.2.1");
    sender->set_hostname(host);
    sender->mutable_first_seen()->set_seconds(kNow - 100);
    sender->mutable_last_seen()->set_seconds(kNow - 90);
    sender->set_messages(7);
    sender->set_octets(700);
    sender->set_transport(v1::TRANSPORT_TCP);
    sender->set_format(v1::FORMAT_RFC5424);
    sender->set_framing("octet_counting");
    sender->mutable_clock_skew()->set_seconds(-3600);
    sender->set_parse_failures(1);
  }
  response.set_next_page_token(next);
  response.set_total_size(total);
  return response;
}

TEST(SendersTest, ShowsATable) {
  FakeDaemon daemon;
  daemon.senders = {Senders({"web\x1b"}, "", 3)};
  const auto result = Ctl(daemon, {"senders", "web"});
  EXPECT_EQ(
      result.out,
      "ADDRESS    HOST     LAST SEEN   COUNT  FORMAT   FRAMING         TRANSPORT  SKEW  FAILURES  TLS "
      "IDENTITY\n"
      "192.0.2.1  web\\x1b  1m 30s ago      7  rfc5424  octet_counting  tcp         -1h         1  -\n");
  EXPECT_EQ(result.err, "cisternctl: 1 of 3 senders, latest first (-n 0 shows all)\n");
  EXPECT_EQ(daemon.senders_requests.at(0).match(), "web");
  EXPECT_EQ(daemon.senders_requests.at(0).page_size(), 100);
}

TEST(SendersTest, AllPagesAreFetchedOnRequest) {
  FakeDaemon daemon;
  daemon.senders = {Senders({"a"}, "page2", 2), Senders({"b"}, "", 2)};
  const auto result = Ctl(daemon, {"senders", "-n", "0", "-o", "json"});
  EXPECT_THAT(result.out,
              testing::StartsWith(R"({"peer":"192.0.2.1","hostname":"a","first_seen":"2026-11-20T09:58:20)"));
  EXPECT_THAT(result.out, HasSubstr(R"("hostname":"b")"));
  EXPECT_THAT(result.out, HasSubstr(R"("clock_skew_seconds":-3600.000000000,"parse_failures":1})"));
  ASSERT_EQ(daemon.senders_requests.size(), 2u);
  EXPECT_EQ(daemon.senders_requests[1].page_token(), "page2");
}

TEST(StatusTest, ShowsTextOrJson) {
  FakeDaemon daemon;
  daemon.status.set_state(v1::GetStatusResponse::STATE_READY);
  daemon.status.set_version("0.1.0");
  EXPECT_THAT(Ctl(daemon, {"status"}).out, HasSubstr("cisternd 0.1.0 at " + daemon.addr() + ": ready"));
  EXPECT_EQ(boost::json::parse(Ctl(daemon, {"status", "-o", "json"}).out).at("state").as_string(), "ready");
}

TEST(StatusTest, WaitReadyAsksAgain) {
  FakeDaemon daemon;
  daemon.earlier_status.resize(2);
  daemon.earlier_status[0].set_state(v1::GetStatusResponse::STATE_DEGRADED);
  daemon.earlier_status[1].set_state(v1::GetStatusResponse::STATE_DEGRADED);
  daemon.status.set_state(v1::GetStatusResponse::STATE_READY);
  const auto result = Ctl(daemon, {"status", "--wait-ready", "60s", "-o", "json"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(boost::json::parse(result.out).at("state").as_string(), "ready");
}

TEST(StatusTest, WaitReadyGivesUp) {
  FakeDaemon daemon;
  daemon.status.set_state(v1::GetStatusResponse::STATE_DEGRADED);
  daemon.status.set_reason("disk full");
  const auto result = Ctl(daemon, {"status", "--wait-ready", "1ms"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_EQ(result.err, "cisternctl: not ready after 1ms: degraded, disk full\n");
}

TEST(ExplainTest, ShowsTheRecord) {
  FakeDaemon daemon;
  *daemon.explain.mutable_record() = MakeRecord(7, "seven");
  EXPECT_THAT(Ctl(daemon, {"explain", "7"}).out, testing::StartsWith("Record 7\n"));
  EXPECT_EQ(daemon.explain_requests.at(0).record_id(), 7u);
  EXPECT_THAT(Ctl(daemon, {"explain", "7", "-o", "json"}).out, testing::StartsWith("{\"record\":{\"id\":7,"));
}

TEST(ExplainTest, MissingRecordIsExitCode1) {
  FakeDaemon daemon;
  daemon.fail = {5, "no record 7: it never was, or retention deleted it"};
  const auto result = Ctl(daemon, {"explain", "7"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "cisternctl: no record 7: it never was, or retention deleted it\n");
}

TEST(DeadlineTest, SilentDaemonEndsTheCall) {
  FakeDaemon daemon;
  daemon.tails = {{.hold = true}};
  const auto result = Ctl(daemon, {"tail", "--timeout", "50ms"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_THAT(result.err, HasSubstr("did not answer within 50ms (--timeout)"));
}

}  // namespace
}  // namespace cistern::ctl
