// The whole service in one process, on ports of the kernel's choice, spoken to as clients do.
#include "service/app.h"

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <thread>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/config.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "service/logging.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

std::string Exchange(const std::string& address, const std::string& text, bool read) {
  asio::io_context io;
  tcp::socket socket(io);
  const auto colon = address.rfind(':');
  socket.connect({asio::ip::make_address(address.substr(0, colon)),
                  static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
  asio::write(socket, asio::buffer(text));
  if (!read) return {};
  std::string answer;
  boost::system::error_code ec;
  asio::read(socket, asio::dynamic_buffer(answer), ec);
  return answer;
}

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }
  void TearDown() override {
    if (app_) app_->Stop(10s);
  }

  void WriteConfig(const std::string& more) {
    std::ofstream(file()) << "listeners: [{name: tcp, tcp: {address: \"127.0.0.1:0\"}}]\n"
                             "storage: {dir: data, commit_interval: 5ms, free_space_reserve: 0}\n"
                             "control: {address: \"127.0.0.1:0\"}\nhttp: {address: \"127.0.0.1:0\"}\n"
                             "log: {level: error}\n"
                          << more;
  }
  std::string file() const { return folder_.path() + "/cistern.yaml"; }

  void Start() {
    if (!std::ifstream(file()).good()) WriteConfig("");
    ConfigSources sources;
    sources.file = file();
    auto loaded = LoadConfig(sources);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().ToString();
    SetUpLogging("error", "text");
    app_ = App::Create(sources, *loaded, false);
    const auto started = app_->Start();
    ASSERT_TRUE(started.has_value()) << started.error().lines[0];
    channel_ = grpc::CreateChannel(app_->control_address(), grpc::InsecureChannelCredentials());
    log_ = v1::LogService::NewStub(channel_);
    admin_ = v1::AdminService::NewStub(channel_);
  }
  void Restart() {
    app_->Stop(10s);
    app_.reset();
    Start();
  }

  void Send(const std::string& lines) { Exchange(app_->listener_addresses()[0], lines, false); }

  // Follows until `count` records have come.
  std::vector<v1::Record> Follow(v1::TailRequest request, std::size_t count, std::string* token = nullptr) {
    grpc::ClientContext context;
    request.set_follow(true);
    auto stream = log_->Tail(&context, request);
    std::vector<v1::Record> records;
    v1::TailResponse response;
    while (records.size() < count && stream->Read(&response)) {
      records.insert(records.end(), response.records().begin(), response.records().end());
      if (token != nullptr) *token = response.resume_token();
    }
    context.TryCancel();
    return records;
  }
  v1::TailRequest FromStart() {
    v1::TailRequest request;
    request.set_after_record_id(0);
    return request;
  }

  std::uint64_t Count(const std::string& filter) {
    grpc::ClientContext context;
    v1::AggregateRequest request;
    request.set_filter(filter);
    v1::AggregateResponse response;
    EXPECT_TRUE(log_->Aggregate(&context, request, &response).ok());
    return response.count();
  }

  TempFolder folder_;
  std::unique_ptr<App> app_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::LogService::Stub> log_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

TEST_F(AppTest, MessageOverTcpIsSeenInTailQueryAndMetrics) {
  Send("<13>1 - host app 1 - - hello there\n");
  const auto tail = Follow(FromStart(), 1);
  ASSERT_EQ(tail.size(), 1u);
  EXPECT_EQ(tail[0].message(), "hello there");

  grpc::ClientContext context;
  v1::QueryRequest request;
  request.set_filter("hello");
  auto stream = log_->Query(&context, request);
  v1::QueryResponse response;
  ASSERT_TRUE(stream->Read(&response));
  ASSERT_EQ(response.records_size(), 1);
  EXPECT_EQ(response.records(0).app_name(), "app");
  EXPECT_EQ(response.summary().matches(), 1u);
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());

  const auto metrics = Exchange(app_->http_address(), "GET /metrics HTTP/1.0\r\n\r\n", true);
  EXPECT_NE(metrics.find("cistern_stored_messages_total 1"), std::string::npos) << metrics;
  EXPECT_NE(Exchange(app_->http_address(), "GET /readyz HTTP/1.0\r\n\r\n", true).find("200 OK"),
            std::string::npos);
}

TEST_F(AppTest, QueryCursorContinuesBehindTheLastRecordAlsoAfterARestart) {
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += "<13>1 - h a - - - number " + std::to_string(i) + "\n";
  Send(lines);
  Follow(FromStart(), 10);
  std::vector<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    if (page == 2) Restart();
    grpc::ClientContext context;
    v1::QueryRequest request;
    request.set_limit(3);
    request.set_cursor(cursor);
    auto stream = log_->Query(&context, request);
    v1::QueryResponse response;
    while (stream->Read(&response)) {
      for (const auto& record : response.records()) seen.push_back(record.message());
      cursor = response.cursor();
    }
    ASSERT_TRUE(stream->Finish().ok());
  }
  ASSERT_EQ(seen.size(), 10u);
  EXPECT_EQ(seen.front(), "number 9");
  EXPECT_EQ(seen.back(), "number 0");
}

TEST_F(AppTest, TailResumesWithoutGapOrDuplicateAcrossARestart) {
  Send("<13>1 - h a - - - one\n<13>1 - h a - - - two\n");
  std::string token;
  ASSERT_EQ(Follow(FromStart(), 2, &token).size(), 2u);
  Restart();
  Send("<13>1 - h a - - - three\n");
  v1::TailRequest request;
  request.set_resume_token(token);
  const auto rest = Follow(request, 1);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].message(), "three");
}

TEST_F(AppTest, NamedTailGoesOnWhereItWas) {
  Send("<13>1 - h a - - - one\n");
  auto request = FromStart();
  request.set_cursor_name("ship");
  ASSERT_EQ(Follow(request, 1).size(), 1u);
  Restart();
  Send("<13>1 - h a - - - two\n");
  const auto rest = Follow(request, 1);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].message(), "two");
}

TEST_F(AppTest, IngestIsAcknowledgedAfterCommitAndRetriesAreNotStoredTwice) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    grpc::ClientContext context;
    auto stream = log_->Ingest(&context);
    v1::IngestRequest request;
    request.set_client_id("client");
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
      request.set_sequence(sequence);
      request.clear_records();
      request.add_records()->set_raw("<13>1 - h a - - - ingested " + std::to_string(sequence));
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
    v1::IngestResponse response;
    std::uint64_t stored = 0, duplicates = 0, committed = 0;
    while (stream->Read(&response)) {
      committed = response.committed_sequence();
      stored += response.stored();
      duplicates += response.duplicates();
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(committed, 3u);
    EXPECT_EQ(stored, attempt == 0 ? 3u : 0u);
    EXPECT_EQ(duplicates, attempt == 0 ? 0u : 3u);
    EXPECT_EQ(Count("ingested"), 3u);
    Restart();
  }
}

TEST_F(AppTest, SecondIngestStreamOfAClientEndsTheFirst) {
  grpc::ClientContext first_context, second_context;
  auto first = log_->Ingest(&first_context);
  v1::IngestRequest hello;
  hello.set_client_id("client");
  v1::IngestResponse response;
  ASSERT_TRUE(first->Write(hello));
  ASSERT_TRUE(first->Read(&response));
  auto second = log_->Ingest(&second_context);
  ASSERT_TRUE(second->Write(hello));
  ASSERT_TRUE(second->Read(&response));
  EXPECT_FALSE(first->Read(&response));
  EXPECT_EQ(first->Finish().error_code(), grpc::StatusCode::ABORTED);
  second->WritesDone();
  EXPECT_TRUE(second->Finish().ok());
}

TEST_F(AppTest, WrongRequestsGetAnErrorThatSaysWhere) {
  grpc::ClientContext context;
  v1::QueryRequest request;
  request.set_filter("severity:>=");
  v1::QueryResponse response;
  auto stream = log_->Query(&context, request);
  EXPECT_FALSE(stream->Read(&response));
  const auto status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("at byte"), std::string::npos) << status.error_message();

  grpc::ClientContext tail_context;
  v1::TailRequest tail;
  tail.set_resume_token(std::string(32, 'f') + ".1");
  v1::TailResponse tail_response;
  auto tail_stream = log_->Tail(&tail_context, tail);
  EXPECT_FALSE(tail_stream->Read(&tail_response));
  EXPECT_EQ(tail_stream->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(AppTest, ExplainShowsRawAndDecisions) {
  Send("<999>odd\n");
  const auto records = Follow(FromStart(), 1);
  ASSERT_EQ(records.size(), 1u);
  grpc::ClientContext context;
  v1::ExplainRequest request;
  request.set_record_id(records[0].id());
  v1::ExplainResponse response;
  ASSERT_TRUE(admin_->Explain(&context, request, &response).ok());
  EXPECT_EQ(response.record().raw(), "<999>odd");
  EXPECT_GE(response.decisions_size(), 3);

  grpc::ClientContext missing;
  request.set_record_id(1u << 30);
  EXPECT_EQ(admin_->Explain(&missing, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(AppTest, ReloadTakesGoodConfigurationAndKeepsTheOldOnABadOne) {
  const auto address = app_->listener_addresses()[0];
  WriteConfig("time_zone: {default: Europe/Berlin}\n");
  EXPECT_TRUE(app_->Reload().has_value());
  WriteConfig("time_zon: {default: UTC}\n");
  const auto refused = app_->Reload();
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().find("time_zon"), std::string::npos);
  EXPECT_EQ(app_->listener_addresses()[0], address);
  Send("<13>1 - h a - - - still here\n");
  EXPECT_EQ(Follow(FromStart(), 1).size(), 1u);
}

TEST_F(AppTest, ManyWritersAndTailsSeeEveryRecordOnceInOrder) {
  constexpr int kWriters = 4, kEach = 500;
  std::vector<std::thread> threads;
  std::vector<std::vector<v1::Record>> seen(3);
  for (auto& records : seen) {
    threads.emplace_back([&] { records = Follow(FromStart(), kWriters * kEach); });
  }
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([this, writer] {
      std::string lines;
      for (int i = 0; i < kEach; ++i) {
        lines += "<13>1 - h w" + std::to_string(writer) + " - - - " + std::to_string(i) + "\n";
      }
      Send(lines);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& records : seen) {
    ASSERT_EQ(records.size(), std::size_t{kWriters * kEach});
    std::map<std::string, int> next;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (i > 0) {
        ASSERT_GT(records[i].id(), records[i - 1].id());
      }
      EXPECT_EQ(records[i].message(), std::to_string(next[records[i].app_name()]++));
    }
  }
}

}  // namespace
}  // namespace cistern
