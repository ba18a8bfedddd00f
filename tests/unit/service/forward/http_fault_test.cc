// What an HTTP server can do to a target.
#include <netdb.h>

#include <boost/json.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>

#include "http_peer.h"
#include "sink_driver.h"

namespace cistern {
namespace {

using testing::DeliverAll;
using testing::HttpPeer;
using testing::Outcome;
using testing::PeerAnswer;
using testing::PeerRequest;
using testing::PreparedTarget;
using testing::Records;
using testing::TestCertificate;
using Then = PeerAnswer::Then;

namespace json = boost::json;

class HttpFaultTest : public ::testing::Test {
 protected:
  Sink& Make(const std::string& url, const std::string& fields = {}) {
    target_ = PreparedTarget("http { url: '" + url + "' gzip: false " + fields + " }");
    auto context = testing::TestContext();
    context.is_own_address = [this](const std::string& protocol, const std::string&, std::uint16_t port) {
      return protocol == "tcp" && port == own_port_;
    };
    auto sink = MakeHttpSink(target_, std::move(context));
    EXPECT_TRUE(sink.has_value()) << sink.error().text;
    sink_ = std::move(*sink);
    return *sink_;
  }

  Stop stop_;
  std::uint16_t own_port_ = 0;
  v1::Target target_;
  std::unique_ptr<Sink> sink_;
};

// Ids of the records of a request of JSON lines or of a bulk request.
std::vector<std::int64_t> IdsOf(const PeerRequest& request) {
  std::vector<std::int64_t> ids;
  for (std::size_t start = 0; start < request.body.size();) {
    const std::size_t end = request.body.find('\n', start);
    const auto line = json::parse(request.body.substr(start, end - start)).as_object();
    if (line.contains("id")) ids.push_back(line.at("id").to_number<std::int64_t>());
    start = end + 1;
  }
  return ids;
}

std::set<std::uint64_t> RefusedIds(const Outcome& outcome) {
  std::set<std::uint64_t> ids;
  for (const Refusal& refusal : outcome.refused) ids.insert(ToInt(refusal.id));
  return ids;
}

struct StatusCase {
  int status;
  FailureReason reason;
};

TEST_F(HttpFaultTest, WhatIsNoFaultOfARecordIsTriedAgain) {
  for (const auto& [status, reason] : {StatusCase{301, FailureReason::kRejected},
                                       {401, FailureReason::kAuth},
                                       {403, FailureReason::kAuth},
                                       {404, FailureReason::kRejected},
                                       {408, FailureReason::kRejected},
                                       {429, FailureReason::kRejected},
                                       {500, FailureReason::kRejected},
                                       {503, FailureReason::kRejected}}) {
    HttpPeer peer([status = status](const PeerRequest&) {
      return PeerAnswer{status, "no\nway", {"Location: /else"}};
    });
    const auto outcome = DeliverAll(Make(peer.url()), Records(3), stop_);
    ASSERT_TRUE(outcome.failure) << status;
    EXPECT_EQ(outcome.delivered, 0u) << status;
    EXPECT_EQ(outcome.failure->reason, reason) << status;
    EXPECT_NE(outcome.failure->text.find("answered " + std::to_string(status)), std::string::npos);
    EXPECT_EQ(outcome.failure->text.find('\n'), std::string::npos);
    EXPECT_EQ(peer.requests().size(), 1u) << status;
  }
}

TEST_F(HttpFaultTest, RetryAfterIsObeyedUpToAnHour) {
  const auto in_five_minutes = [] {
    char text[64];
    const std::time_t time = std::time(nullptr) + 300;
    std::tm utc{};
    gmtime_r(&time, &utc);
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    return std::string(text);
  };
  const struct {
    std::string value;
    std::int64_t low, high;  // seconds
  } cases[] = {
      {"7", 7, 7}, {"86400", 3600, 3600}, {in_five_minutes(), 290, 300}, {"soon", 0, 0}, {"-1", 0, 0}};
  for (const auto& [value, low, high] : cases) {
    HttpPeer peer([&](const PeerRequest&) { return PeerAnswer{429, "", {"Retry-After: " + value}}; });
    const auto outcome = DeliverAll(Make(peer.url()), Records(1), stop_);
    ASSERT_TRUE(outcome.failure);
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(outcome.failure->retry_after).count();
    EXPECT_GE(seconds, low) << value;
    EXPECT_LE(seconds, high) << value;
  }
}

TEST_F(HttpFaultTest, OnlyTheBadRecordsOfABatchAreRefused) {
  const std::set<std::int64_t> bad = {1, 300, 301, 777, 1024};
  std::vector<std::int64_t> accepted;
  HttpPeer peer([&](const PeerRequest& request) {
    const auto ids = IdsOf(request);
    for (const std::int64_t id : ids) {
      if (bad.contains(id)) return PeerAnswer{400, "line is not liked"};
    }
    accepted.insert(accepted.end(), ids.begin(), ids.end());
    return PeerAnswer{};
  });
  const auto outcome = DeliverAll(Make(peer.url()), Records(1024), stop_);
  EXPECT_EQ(outcome.delivered, 1024u);
  EXPECT_EQ(RefusedIds(outcome), (std::set<std::uint64_t>{1, 300, 301, 777, 1024}));
  EXPECT_EQ(outcome.refused[0].reason, "answered 400: line is not liked");
  std::int64_t next = 1;
  for (const std::int64_t id : accepted) {
    while (bad.contains(next)) ++next;
    EXPECT_EQ(id, next++);
  }
  EXPECT_EQ(accepted.size(), 1019u);
  // One that is refused, ten halves, and what goes on behind: 12 a bad record.
  EXPECT_LE(peer.requests().size(), 5u * 12u + 1u);
}

TEST_F(HttpFaultTest, BisectingGoesOnAfterAFailure) {
  int requests = 0;
  HttpPeer peer([&](const PeerRequest& request) {
    if (++requests % 3 == 0) return PeerAnswer{503};
    const auto ids = IdsOf(request);
    return std::find(ids.begin(), ids.end(), 40) != ids.end() ? PeerAnswer{422} : PeerAnswer{};
  });
  Sink& sink = Make(peer.url());
  const Records records(64);
  std::vector<Refusal> refused;
  std::uint64_t next = 1;
  for (int tries = 0; next <= 64 && tries < 20; ++tries) {
    const auto outcome = DeliverAll(sink, records, stop_, next);
    refused.insert(refused.end(), outcome.refused.begin(), outcome.refused.end());
    next = outcome.delivered + 1;
  }
  EXPECT_EQ(next, 65u);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(ToInt(refused[0].id), 40u);
}

TEST_F(HttpFaultTest, TooLargeBatchIsHalvedAndStaysSmaller) {
  HttpPeer peer(
      [](const PeerRequest& request) { return PeerAnswer{request.body.size() > 10'000 ? 413 : 200}; });
  Records records(0);
  for (int i = 0; i < 400; ++i) records.Add(std::string(i == 200 ? 20'000 : 100, 'x'));
  const auto outcome = DeliverAll(Make(peer.url()), records, stop_);
  EXPECT_EQ(outcome.delivered, 400u);
  EXPECT_EQ(RefusedIds(outcome), std::set<std::uint64_t>{201});
  std::size_t too_large = 0;
  for (const PeerRequest& request : peer.requests()) too_large += request.body.size() > 10'000;
  EXPECT_LE(too_large, 12u);
}

TEST_F(HttpFaultTest, ConnectionThatBreaksIsMadeAgain) {
  for (const Then then : {Then::kReset, Then::kCut}) {
    int requests = 0;
    HttpPeer peer([&](const PeerRequest&) {
      return PeerAnswer{200, std::string(1000, 'x'), {}, ++requests == 1 ? then : Then::kKeep};
    });
    Sink& sink = Make(peer.url(), "batch_records: 1");
    const auto outcome = DeliverAll(sink, Records(3), stop_);
    ASSERT_TRUE(outcome.failure);
    EXPECT_EQ(outcome.failure->reason, FailureReason::kClosed);
    EXPECT_EQ(outcome.delivered, 0u);
    EXPECT_EQ(sink.endpoint(), "");
    EXPECT_FALSE(DeliverAll(sink, Records(3), stop_).failure);
    EXPECT_EQ(peer.connections(), 2);
  }
}

TEST_F(HttpFaultTest, ServerThatHangsEndsAtTheTimeout) {
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{.then = Then::kHang}; });
  const auto outcome = DeliverAll(Make(peer.url(), "timeout: 200000000"), Records(1), stop_);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->reason, FailureReason::kTimeout);
}

TEST_F(HttpFaultTest, StopEndsARequestThatHangs) {
  std::promise<void> asked;
  HttpPeer peer([&](const PeerRequest&) {
    asked.set_value();
    return PeerAnswer{.then = Then::kHang};
  });
  Sink& sink = Make(peer.url(), "timeout: 3600000000000");
  auto outcome = std::async(std::launch::async, [&] { return DeliverAll(sink, Records(1), stop_); });
  asked.get_future().wait();
  stop_.Request();
  ASSERT_TRUE(outcome.get().failure);
}

TEST_F(HttpFaultTest, NothingIsSentOnceStopped) {
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{}; });
  stop_.Request();
  const auto outcome = DeliverAll(Make(peer.url()), Records(1), stop_);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->reason, FailureReason::kStopped);
  EXPECT_EQ(outcome.delivered, 0u);
}

TEST_F(HttpFaultTest, NobodyListens) {
  std::uint16_t port;
  {
    port = HttpPeer([](const PeerRequest&) { return PeerAnswer{}; }).port();
  }
  const std::string name = "http://127.0.0.1:" + std::to_string(port);
  const auto outcome = DeliverAll(Make(name), Records(1), stop_);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->reason, FailureReason::kConnect);
  EXPECT_TRUE(outcome.failure->text.starts_with(name + ": ")) << outcome.failure->text;
}

TEST_F(HttpFaultTest, LinkLocalAndOwnAddressesAreNotConnectedTo) {
  for (const char* url :
       {"http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:169.254.0.1]"}) {
    const auto outcome = DeliverAll(Make(url), Records(1), stop_);
    ASSERT_TRUE(outcome.failure) << url;
    EXPECT_EQ(outcome.failure->reason, FailureReason::kConnect);
    EXPECT_NE(outcome.failure->text.find("link-local"), std::string::npos) << outcome.failure->text;
  }
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{}; });
  own_port_ = peer.port();
  const auto outcome = DeliverAll(Make(peer.url()), Records(1), stop_);
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->reason, FailureReason::kLoop);
  EXPECT_EQ(peer.connections(), 0);
}

TEST_F(HttpFaultTest, RedirectIsNotFollowed) {
  HttpPeer other([](const PeerRequest&) { return PeerAnswer{}; });
  HttpPeer peer([&](const PeerRequest&) { return PeerAnswer{307, "", {"Location: " + other.url()}}; });
  const auto outcome = DeliverAll(Make(peer.url()), Records(1), stop_);
  ASSERT_TRUE(outcome.failure);
  EXPECT_NE(outcome.failure->text.find("redirects are not followed"), std::string::npos);
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(HttpFaultTest, EndlessAnswerIsNotKept) {
  HttpPeer peer([](const PeerRequest&) { return PeerAnswer{200, std::string(5 << 20, 'x')}; });
  EXPECT_EQ(DeliverAll(Make(peer.url()), Records(1), stop_).delivered, 1u);
}

TEST_F(HttpFaultTest, TokenIsReadAgainAfterItWasNotAccepted) {
  const auto path = std::filesystem::temp_directory_path() / ("token-" + std::to_string(::getpid()));
  std::ofstream(path) << "old\n";
  HttpPeer peer([](const PeerRequest& request) {
    return PeerAnswer{request.headers.at("authorization") == "Bearer new" ? 200 : 401};
  });
  Sink& sink = Make(peer.url(), "token: 'file:" + path.string() + "'");
  std::ofstream(path) << "new\n";
  EXPECT_TRUE(DeliverAll(sink, Records(1), stop_).failure);
  EXPECT_FALSE(DeliverAll(sink, Records(1), stop_).failure);
  std::filesystem::remove(path);
}

class HttpTlsTest : public HttpFaultTest {
 protected:
  // Sends one record to a server with that certificate, which is the only authority.
  std::optional<Failure> Send(const TestCertificate& certificate, const std::string& tls) {
    const auto path = std::filesystem::temp_directory_path() / ("ca-" + std::to_string(::getpid()) + ".pem");
    certificate.Write(path);
    HttpPeer peer(
        [](const PeerRequest& request) {
          return PeerAnswer{request.headers.at("host").starts_with("127.0.0.1:") ? 200 : 500};
        },
        &certificate);
    auto outcome = DeliverAll(Make(peer.url(), "tls { ca_file: '" + path.string() + "' " + tls + " }"),
                              Records(1), stop_);
    std::filesystem::remove(path);
    return outcome.failure;
  }
};

TEST_F(HttpTlsTest, CertificateMustBeForTheServer) {
  const TestCertificate right("127.0.0.1"), other("logs.example.net"), expired("127.0.0.1", -1);
  EXPECT_FALSE(Send(right, ""));
  EXPECT_FALSE(Send(other, "server_name: 'logs.example.net'"));
  EXPECT_FALSE(Send(other, "verify: 'chain'"));
  EXPECT_FALSE(Send(expired, "verify: 'none'"));
  const auto wrong = Send(other, "");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->reason, FailureReason::kTls);
  const auto old = Send(expired, "");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->reason, FailureReason::kTls);
  EXPECT_NE(old->text.find("expired"), std::string::npos) << old->text;
}

TEST_F(HttpTlsTest, UnreadableFileIsAnErrorOfTheConfiguration) {
  const auto target =
      PreparedTarget("http { url: 'https://127.0.0.1' tls { ca_file: '/does/not/exist.pem' } }");
  const auto sink = MakeHttpSink(target, testing::TestContext());
  ASSERT_FALSE(sink.has_value());
  EXPECT_EQ(sink.error().reason, FailureReason::kConfiguration);
}

// A bulk endpoint that keeps documents by id.
class BulkPeer {
 public:
  using StatusOf = std::function<int(std::int64_t id)>;
  explicit BulkPeer(StatusOf status_of)
      : status_of_(std::move(status_of)),
        peer_([this](const PeerRequest& request) { return Answer(request); }) {}

  std::map<std::int64_t, int> stored;  // how often, by id
  const HttpPeer& peer() const { return peer_; }

 private:
  PeerAnswer Answer(const PeerRequest& request) {
    json::array items;
    bool errors = false;
    for (const std::int64_t id : IdsOf(request)) {
      int status = status_of_(id);
      if (status == 201 && stored[id]++ > 0) status = 409;
      json::object item{{"status", status}};
      if (status >= 400) item["error"] = {{"type", "some_exception"}, {"reason", "why not"}};
      errors = errors || status >= 400;
      items.push_back(json::object{{"create", item}});
    }
    return {200, json::serialize(json::object{{"errors", errors}, {"items", items}})};
  }

  const StatusOf status_of_;
  HttpPeer peer_;
};

TEST_F(HttpFaultTest, ItemsOfABulkRequestAreTreatedOneByOne) {
  std::map<std::int64_t, int> tries;
  BulkPeer bulk([&](std::int64_t id) {
    if (id % 100 == 7) return 400;
    return id % 10 == 3 && ++tries[id] < 3 ? 429 : 201;
  });
  Sink& sink = Make(bulk.peer().url(""), "preset: 'elasticsearch'");
  const Records records(1000);
  std::vector<Refusal> refused;
  std::uint64_t next = 1;
  int rounds = 0;
  for (; next <= 1000 && rounds < 10; ++rounds) {
    const auto outcome = DeliverAll(sink, records, stop_, next);
    refused.insert(refused.end(), outcome.refused.begin(), outcome.refused.end());
    next = outcome.delivered + 1;
  }
  EXPECT_EQ(next, 1001u);
  EXPECT_EQ(rounds, 3);
  ASSERT_EQ(refused.size(), 10u);
  EXPECT_EQ(refused[0].reason, "400 some_exception: why not");
  EXPECT_EQ(bulk.stored.size(), 990u);
  for (const auto& [id, count] : bulk.stored) EXPECT_EQ(count, 1) << id;
}

TEST_F(HttpFaultTest, DocumentThatIsThereAlreadyCountsAsDelivered) {
  BulkPeer bulk([](std::int64_t) { return 201; });
  Sink& sink = Make(bulk.peer().url(""), "preset: 'elasticsearch'");
  EXPECT_FALSE(DeliverAll(sink, Records(5), stop_).failure);
  const auto again = DeliverAll(sink, Records(5), stop_);
  EXPECT_FALSE(again.failure);
  EXPECT_TRUE(again.refused.empty());
}

TEST_F(HttpFaultTest, BulkAnswerThatIsNoneIsTriedAgain) {
  for (const char* body :
       {"<html>", "[]", "{}", R"({"errors":true,"items":[{}]})", R"({"errors":true,"items":[{"a":1}]})",
        R"({"errors":true,"items":[{"create":{"status":"200"}}]})"}) {
    HttpPeer peer([&](const PeerRequest&) { return PeerAnswer{200, body}; });
    const auto outcome = DeliverAll(Make(peer.url(), "preset: 'elasticsearch'"), Records(1), stop_);
    ASSERT_TRUE(outcome.failure) << body;
    EXPECT_EQ(outcome.failure->reason, FailureReason::kRejected);
    EXPECT_EQ(outcome.delivered, 0u);
  }
}

}  // namespace
}  // namespace cistern
