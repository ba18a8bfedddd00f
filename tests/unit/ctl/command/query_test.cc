#include <gmock/gmock.h>

#include "fake_daemon.h"

namespace cistern::ctl {
namespace {

using testing::HasSubstr;

// Two batches and the summary.
void AnswerTwoRecords(FakeDaemon& daemon, bool more) {
  daemon.query.resize(3);
  *daemon.query[0].add_records() = MakeRecord(2, "second");
  daemon.query[0].set_cursor("after-2");
  *daemon.query[1].add_records() = MakeRecord(1, "first");
  daemon.query[1].set_cursor("after-1");
  daemon.query[2].mutable_summary()->set_matches(2);
  daemon.query[2].mutable_summary()->set_records_considered(1234);
  daemon.query[2].mutable_summary()->set_more(more);
}

TEST(QueryTest, AsksForTheNewestHundredByDefault) {
  FakeDaemon daemon;
  EXPECT_EQ(Ctl(daemon, {"query"}).exit_code, 0);
  ASSERT_EQ(daemon.query_requests.size(), 1u);
  const auto& request = daemon.query_requests[0];
  EXPECT_EQ(request.filter(), "");
  EXPECT_EQ(request.limit(), 100u);
  EXPECT_EQ(request.order(), v1::QueryRequest::ORDER_NEWEST_FIRST);
  EXPECT_EQ(request.time_axis(), v1::QueryRequest::TIME_AXIS_RECEIVED);
  EXPECT_FALSE(request.has_from() || request.has_to() || request.include_raw());
}

TEST(QueryTest, OptionsReachTheRequest) {
  FakeDaemon daemon;
  Ctl(daemon, {"query", "failed", "app:sshd", "-n", "7", "--order", "oldest", "--by", "time", "--from", "1h",
               "--to", "2026-11-20T09:30:00Z", "-o", "raw", "--cursor", "after-2"});
  ASSERT_EQ(daemon.query_requests.size(), 1u);
  const auto& request = daemon.query_requests[0];
  EXPECT_EQ(request.filter(), "failed app:sshd");
  EXPECT_EQ(request.limit(), 7u);
  EXPECT_EQ(request.order(), v1::QueryRequest::ORDER_OLDEST_FIRST);
  EXPECT_EQ(request.time_axis(), v1::QueryRequest::TIME_AXIS_EVENT);
  EXPECT_EQ(request.from().seconds(), 1'795'165'200);
  EXPECT_EQ(request.to().seconds(), 1'795'167'000);
  EXPECT_EQ(request.cursor(), "after-2");
  EXPECT_TRUE(request.include_raw());
}

TEST(QueryTest, WordsThatAreCommandsAreFilterWords) {
  FakeDaemon daemon;
  EXPECT_EQ(Ctl(daemon, {"query", "query", "tail", "config", "-n", "0"}).exit_code, 0);
  ASSERT_EQ(daemon.query_requests.size(), 1u);
  EXPECT_EQ(daemon.query_requests[0].limit(), 0u);
  EXPECT_EQ(daemon.query_requests[0].filter(), "query tail config");
  EXPECT_TRUE(daemon.tail_requests.empty());
}

TEST(QueryTest, GlobalOptionsMayFollowTheCommand) {
  FakeDaemon daemon;
  EXPECT_EQ(CtlAlone({"query", "x", "--addr", daemon.addr()}).exit_code, 0);
  EXPECT_EQ(daemon.query_requests.size(), 1u);
}

TEST(QueryTest, PipedOutputIsJsonLines) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, false);
  const auto result = Ctl(daemon, {"query"});
  EXPECT_EQ(result.out,
            R"({"id":2,"received":"2026-11-20T09:00:02.000000000Z","facility":"user","severity":"notice",)"
            R"("hostname":"h","app_name":"a","message":"second","format":"rfc3164"})"
            "\n"
            R"({"id":1,"received":"2026-11-20T09:00:01.000000000Z","facility":"user","severity":"notice",)"
            R"("hostname":"h","app_name":"a","message":"first","format":"rfc3164"})"
            "\n");
  EXPECT_EQ(result.err, "");
}

TEST(QueryTest, TerminalGetsATableAndOtherFormsOnRequest) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, false);
  EXPECT_EQ(Ctl(daemon, {"query", "--color", "never"}, "", true).out,
            "2026-11-20 09:00:02.000 notice  h a: second\n2026-11-20 09:00:01.000 notice  h a: first\n");
  EXPECT_EQ(Ctl(daemon, {"query", "-o", "raw"}).out, "<13>second\n<13>first\n");
  EXPECT_THAT(Ctl(daemon, {"query", "-o", "csv"}).out, HasSubstr("flags,tags\n2,2026-11-20T09:00:02"));
}

TEST(QueryTest, TruncationByTheDefaultLimitIsSaid) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, true);
  EXPECT_EQ(Ctl(daemon, {"query"}).err, "cisternctl: showing the newest 2; more match (-n 0 shows all)\n");
  EXPECT_EQ(Ctl(daemon, {"query", "-n", "2"}).err, "");
  EXPECT_EQ(Ctl(daemon, {"query", "--quiet"}).err, "");
}

TEST(QueryTest, CursorAndCostAreToldOnRequest) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, false);
  const auto result = Ctl(daemon, {"query", "--print-cursor", "--stats"});
  EXPECT_THAT(result.err, HasSubstr("cursor: after-1\n"));
  EXPECT_THAT(result.err, HasSubstr("2 of 1 234 records matched"));
}

TEST(QueryTest, PlanIsToldOnRequest) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, false);
  EXPECT_THAT(Ctl(daemon, {"query", "--explain"}, "", true).err, HasSubstr("1 234  records evaluated\n"));
  EXPECT_THAT(Ctl(daemon, {"query", "--explain"}).err, HasSubstr("\"records_considered\":1234,"));
}

TEST(QueryTest, NoMatchIsNoError) {
  FakeDaemon daemon;
  daemon.query.resize(1);
  daemon.query[0].mutable_summary();
  const auto result = Ctl(daemon, {"query", "nothing"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "cisternctl: no record matches\n");
}

TEST(QueryTest, BadFilterGetsACaret) {
  FakeDaemon daemon;
  daemon.fail = {3, "filter: at byte 5: found \")\", expected a word"};
  const auto result = Ctl(daemon, {"query", "app:a", ")"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_EQ(result.err,
            "cisternctl: filter: at byte 5: found \")\", expected a word\n"
            "  app:a )\n"
            "       ^\n");
}

TEST(QueryTest, RecordsBeforeAnErrorAreShown) {
  FakeDaemon daemon;
  AnswerTwoRecords(daemon, false);
  daemon.fail = {8, "too many queries"};
  const auto result = Ctl(daemon, {"query", "-o", "raw"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_EQ(result.out, "<13>second\n<13>first\n");
}

TEST(QueryTest, UnreachableDaemonIsOneLine) {
  const auto result = CtlAlone({"--addr", "unix:/nonexistent/control.sock", "query"});
  EXPECT_EQ(result.exit_code, 69);
  EXPECT_EQ(result.err,
            "cisternctl: cannot reach cisternd at unix:/nonexistent/control.sock: is it running? (--addr, "
            "CISTERN_ADDR)\n");
}

struct MistakeCase {
  const char* name;
  std::vector<std::string> args;
  const char* err;
};

const MistakeCase kMistakes[] = {
    {"BadTime", {"query", "--since", "soon"}, "--since: \"soon\" is not a time"},
    {"BadNumber", {"query", "-n", "-3"}, "--limit: \"-3\" is not a number from 0 on"},
    {"BadForm", {"query", "-o", "xml"}, "--output: \"xml\" is not one of table|json|raw|csv"},
    {"BadTimeout", {"--timeout", "x", "query"}, "--timeout: \"x\" is not a duration"},
    {"UnknownOption", {"query", "--limt", "5"}, "unknown option --limt; did you mean --limit?"},
    {"OptionBeforeItsCommand",
     {"--output", "json", "query"},
     "option --output belongs behind its command: cisternctl query --output ..."},
    {"DashInFilter", {"query", "app:sshd", "-severity:info"}, "in a filter, write NOT severity:info"},
    {"BadAddr",
     {"--addr", "http://127.0.0.1:5141", "status"},
     "is not HOST:PORT, tls://HOST:PORT or unix:PATH"},
    {"AddrWithoutPort",
     {"--addr", "localhost", "status"},
     "\"localhost\" is not HOST:PORT, tls://HOST:PORT or unix:PATH"},
    {"AllByTime", {"query", "--by", "time", "-n", "0"}, "--by time needs -n 1 to 10000"},
    {"LoadRate", {"load", "--rate", "-1"}, "--rate: \"-1\" is not a number from 0 on"},
    {"LoadCount", {"load", "--count", "0"}, "--count: \"0\" is not a number from 1 to 10000000000"},
    {"UnknownCommand", {"qury"}, "unknown command qury; did you mean query?"},
    {"NoCommand", {}, "a command is missing"},
    {"SinceAndFrom", {"query", "--since", "1h", "--from", "2h"}, "--from"},
    {"EmptyRange", {"query", "--since", "1h", "--to", "2h"}, "the range is empty"},
    {"TopWithoutField", {"top"}, "FIELD is required"},
    {"TopLimit", {"top", "app", "-n", "0"}, "--limit: \"0\" is not a number from 1 to 10000"},
    {"NewestFollow", {"tail", "--order", "newest"}, "a tail that follows shows the newest last"},
    {"TailFromIdAndLast", {"tail", "--from-id", "5", "-n", "3"}, "leave out -n"},
};

class MistakeTest : public testing::TestWithParam<MistakeCase> {};
TEST_P(MistakeTest, IsNamedAndExitsWith64) {
  const auto result = CtlAlone(GetParam().args);
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_THAT(result.err, testing::StartsWith("cisternctl: "));
  EXPECT_THAT(result.err, HasSubstr(GetParam().err));
  EXPECT_EQ(result.out, "");
}
INSTANTIATE_TEST_SUITE_P(CommandLines, MistakeTest, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace cistern::ctl
