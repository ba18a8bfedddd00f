#include <boost/json.hpp>

#include "http_peer.h"
#include "sink_driver.h"

namespace cistern {
namespace {

using testing::DeliverAll;
using testing::HttpPeer;
using testing::PeerAnswer;
using testing::PeerRequest;
using testing::PreparedTarget;
using testing::Records;

namespace json = boost::json;

PeerAnswer Ok(const PeerRequest&) { return {}; }

// One target, its sink and what both need to live.
class HttpSinkTest : public ::testing::Test {
 protected:
  Sink& Make(const std::string& fields) {
    target_ = PreparedTarget("http { " + fields + " }");
    auto sink = MakeHttpSink(target_, testing::TestContext(&steps_));
    EXPECT_TRUE(sink.has_value()) << sink.error().text;
    sink_ = std::move(*sink);
    return *sink_;
  }
  static std::string Url(const HttpPeer& peer, const std::string& path = "/in") {
    return "url: '" + peer.url(path) + "' ";
  }

  Stop stop_;
  v1::Target target_;
  std::vector<StepReport> steps_;
  std::unique_ptr<Sink> sink_;
};

std::vector<json::object> Lines(const std::string& body) {
  std::vector<json::object> lines;
  for (std::size_t start = 0; start < body.size();) {
    const std::size_t end = body.find('\n', start);
    lines.push_back(json::parse(body.substr(start, end - start)).as_object());
    start = end + 1;
  }
  return lines;
}

TEST_F(HttpSinkTest, JsonLinesCarryEveryRecordOnceAndInOrder) {
  HttpPeer peer(Ok);
  const Records records(1000);
  const auto outcome = DeliverAll(Make(Url(peer) + "batch_records: 300, gzip: true"), records, stop_);
  EXPECT_EQ(outcome.delivered, 1000u);
  EXPECT_FALSE(outcome.failure);
  std::int64_t next = 1;
  for (const PeerRequest& request : peer.requests()) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/in");
    EXPECT_EQ(request.headers.at("content-type"), "application/x-ndjson");
    EXPECT_EQ(request.headers.at("content-encoding"), "gzip");
    for (const json::object& line : Lines(request.body)) {
      EXPECT_EQ(line.at("message").as_string(), "message " + std::to_string(next));
      EXPECT_EQ(line.at("id").to_number<std::int64_t>(), next++);
    }
  }
  EXPECT_EQ(next, 1001);
  EXPECT_EQ(peer.requests().size(), 4u);
  EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpSinkTest, BatchEndsAtItsBytes) {
  HttpPeer peer(Ok);
  Records records(0);
  for (int i = 0; i < 10; ++i) records.Add(std::string(1000, 'x'));
  DeliverAll(Make(Url(peer) + "batch_bytes: 2048 gzip: false"), records, stop_);
  EXPECT_EQ(peer.requests().size(), 5u);
  EXPECT_FALSE(peer.requests()[0].headers.contains("content-encoding"));
}

TEST_F(HttpSinkTest, WebhookIsOneRequestARecord) {
  HttpPeer peer(Ok);
  const auto outcome =
      DeliverAll(Make(Url(peer, "/hook?x=1") + "preset: 'webhook' method: 'PUT'"), Records(3), stop_);
  EXPECT_EQ(outcome.delivered, 3u);
  const auto requests = peer.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[2].method, "PUT");
  EXPECT_EQ(requests[2].target, "/hook?x=1");
  EXPECT_EQ(requests[2].headers.at("content-type"), "application/json");
  EXPECT_EQ(Lines(requests[2].body).at(0).at("message").as_string(), "message 3");
}

TEST_F(HttpSinkTest, TemplateEscapesValuesForJson) {
  HttpPeer peer(Ok);
  Records records(0);
  records.Add("say \"hi\"\\\n\x01\xff");
  DeliverAll(
      Make(Url(peer) +
           R"(preset: 'template' body: '{"text":"{{ host }}: {{msg}}","sev":"{{severity}}{{tag.no}}"}')"),
      records, stop_);
  const auto body = json::parse(peer.requests().at(0).body).as_object();
  EXPECT_EQ(body.at("text").as_string(), "web-1: say \"hi\"\\\n\x01\xef\xbf\xbd");
  EXPECT_EQ(body.at("sev").as_string(), "notice");
}

TEST_F(HttpSinkTest, BulkRequestNamesIndexOfTheDayAndIdOfTheRecord) {
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{200, R"({"errors":false})", {}}; });
  const auto outcome = DeliverAll(Make(Url(peer, "/es/") + "preset: 'elasticsearch'"), Records(2), stop_);
  EXPECT_EQ(outcome.delivered, 2u);
  const PeerRequest request = peer.requests().at(0);
  EXPECT_EQ(request.target.substr(0, 21), "/es/_bulk?filter_path");
  const auto lines = Lines(request.body);
  ASSERT_EQ(lines.size(), 4u);
  const auto& create = lines[2].at("create").as_object();
  EXPECT_EQ(create.at("_index").as_string(), "cistern-2025.11.21");
  EXPECT_EQ(create.at("_id").as_string(), "0123456789abcdef0123456789abcdef-2");
  EXPECT_EQ(lines[3].at("@timestamp").as_string(), "2025-11-21T10:00:01.000000000Z");
  EXPECT_EQ(lines[3].at("message").as_string(), "message 2");
}

TEST_F(HttpSinkTest, LokiStreamsAreByLabels) {
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{204}; });
  DeliverAll(Make(Url(peer, "") + "preset: 'loki' labels: 'host' labels: 'tag.no'"), Records(3), stop_);
  const PeerRequest request = peer.requests().at(0);
  EXPECT_EQ(request.target, "/loki/api/v1/push");
  const auto body = json::parse(request.body);
  const auto& streams = body.at("streams").as_array();
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(json::serialize(streams[0].at("stream")), R"({"job":"cistern","host":"web-1"})");
  const auto& entry = streams[0].at("values").as_array().at(1).as_array();
  EXPECT_EQ(entry.at(0).as_string(), "1763719202000000000");
  EXPECT_EQ(json::parse(entry.at(1).as_string()).at("message").as_string(), "message 3");
}

TEST_F(HttpSinkTest, HeadersAndCredentialsAreSent) {
  ::setenv("HTTP_SINK_TEST_SECRET", "s3cret", 1);
  HttpPeer peer(Ok);
  DeliverAll(Make(Url(peer) + "token: 'env:HTTP_SINK_TEST_SECRET' headers { name: 'X-Team' value: 'ops' } "
                              "headers { name: 'X-Key' value_from: 'env:HTTP_SINK_TEST_SECRET' } "
                              "headers { name: 'content-type' value: 'text/x' } headers { name: 'X-None' }"),
             Records(1), stop_);
  auto headers = peer.requests().at(0).headers;
  EXPECT_EQ(headers["authorization"], "Bearer s3cret");
  EXPECT_EQ(headers["x-team"], "ops");
  EXPECT_EQ(headers["x-key"], "s3cret");
  EXPECT_EQ(headers["content-type"], "text/x");
  EXPECT_TRUE(headers.contains("x-none"));
  EXPECT_EQ(headers["host"], "127.0.0.1:" + std::to_string(peer.port()));
}

TEST_F(HttpSinkTest, BasicAuthenticationIsSent) {
  ::setenv("HTTP_SINK_TEST_SECRET", "s3cret", 1);
  HttpPeer peer(Ok);
  DeliverAll(Make(Url(peer) + "user: 'bob' password: 'env:HTTP_SINK_TEST_SECRET'"), Records(1), stop_);
  EXPECT_EQ(peer.requests().at(0).headers.at("authorization"), "Basic Ym9iOnMzY3JldA==");
}

TEST_F(HttpSinkTest, TestTellsEachStep) {
  HttpPeer peer(Ok);
  Sink& sink = Make(Url(peer));
  DeliverAll(sink, Records(1), stop_);
  std::vector<std::string> names;
  for (const StepReport& step : steps_) names.push_back(step.step);
  const std::string port = std::to_string(peer.port());
  EXPECT_EQ(names, (std::vector<std::string>{"resolve 127.0.0.1", "connect to 127.0.0.1:" + port,
                                             "send to http://127.0.0.1:" + port, "answer"}));
  EXPECT_EQ(sink.endpoint(), "127.0.0.1:" + port);
  sink.Close({});
  EXPECT_EQ(sink.endpoint(), "");
}

TEST(MakeHttpSinkTest, UnreadableSecretIsAnErrorOfTheConfiguration) {
  const auto target = PreparedTarget("http { url: 'http://127.0.0.1' token: 'file:/does/not/exist' }");
  const auto sink = MakeHttpSink(target, testing::TestContext());
  ASSERT_FALSE(sink.has_value());
  EXPECT_EQ(sink.error().reason, FailureReason::kConfiguration);
  EXPECT_NE(sink.error().text.find("/does/not/exist"), std::string::npos);
}

TEST(MakeHttpSinkTest, SecretOfTwoLinesCannotBecomeAHeader) {
  ::setenv("HTTP_SINK_TEST_SECRET", "one\r\nX-Evil: two", 1);
  for (const char* field : {"token: 'env:HTTP_SINK_TEST_SECRET'",
                            "headers { name: 'X-Key' value_from: 'env:HTTP_SINK_TEST_SECRET' }"}) {
    const auto target = PreparedTarget(std::string("http { url: 'http://127.0.0.1' ") + field + " }");
    const auto sink = MakeHttpSink(target, testing::TestContext());
    ASSERT_FALSE(sink.has_value());
    EXPECT_EQ(sink.error().reason, FailureReason::kConfiguration);
    EXPECT_EQ(sink.error().text.find("two"), std::string::npos);
  }
}

}  // namespace
}  // namespace cistern
