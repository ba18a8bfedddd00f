// A Cistern target and a whole second daemon in this process.
#include <grpcpp/create_channel.h>

#include <fstream>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "ingest/message/tags.h"
#include "proto/convert/record.h"
#include "service/app.h"
#include "service/logging.h"
#include "tests/unit/service/forward/sink_rig.h"

namespace cistern {
namespace {

using namespace std::chrono_literals;

class CisternToDaemonTest : public SinkTest {
 protected:
  CisternToDaemonTest() : SinkTest(&MakeCisternSink) {}
  void SetUp() override {
    std::ofstream(folder_.path() + "/cistern.yaml")
        << "listeners: [{name: tcp, tcp: {address: \"127.0.0.1:0\"}}]\n"
           "storage: {dir: data, commit_interval: 5ms, free_space_reserve: 0}\n"
           "control: {address: \"127.0.0.1:0\"}\nhttp: {address: \"127.0.0.1:0\"}\nlog: {level: error}\n";
    Start();
  }
  void TearDown() override { app_->Stop(10s); }

  void Start() {
    ConfigSources sources;
    sources.file = folder_.path() + "/cistern.yaml";
    auto loaded = LoadConfig(sources);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().ToString();
    SetUpLogging("error", "text");
    app_ = App::Create(sources, *loaded, false);
    ASSERT_TRUE(app_->Start().has_value());
    channel_ = grpc::CreateChannel(app_->control_address(), grpc::InsecureChannelCredentials());
    target_.mutable_cistern()->set_address(app_->control_address());
    Make();
  }

  // All records there, oldest first.
  std::vector<v1::Record> Stored() {
    const auto log = v1::LogService::NewStub(channel_);
    grpc::ClientContext context;
    v1::QueryRequest request;
    request.set_order(v1::QueryRequest::ORDER_OLDEST_FIRST);
    request.set_include_raw(true);
    const auto stream = log->Query(&context, request);
    std::vector<v1::Record> records;
    v1::QueryResponse response;
    while (stream->Read(&response))
      records.insert(records.end(), response.records().begin(), response.records().end());
    EXPECT_TRUE(stream->Finish().ok());
    return records;
  }

  TempFolder folder_;
  std::unique_ptr<App> app_;
  std::shared_ptr<grpc::Channel> channel_;
};

// What is there, without what is new there: id, received time and the two tags of the relay.
std::string WithoutRelay(v1::Record record, bool tags) {
  record.clear_id();
  record.clear_received_time();
  if (tags) record.mutable_tags()->DeleteSubrange(record.tags_size() - 2, 2);
  return record.DebugString();
}

TEST_F(CisternToDaemonTest, EveryFieldArrivesAsItWasFirstReceived) {
  Rows rows;
  rows.Add(
      7,
      "<34>1 2026-01-02T03:04:05.678+01:00 host app 1 ID [a@1 b=\"c \\\" d\"][e@2] \xEF\xBB\xBFn\xC3\xA4h");
  rows.Add(9, "<13>Jan  2 03:04:05 old su[12]: session");
  rows.Add(10, "octets \xff\xfe and \x01");
  rows.Add(11, std::string("<13>1 - - - - - - nul\0inside", 28));
  rows.Add(12, "<999>1 not really");
  auto& records = rows.batch.records();
  records[1].time += 3'600'000'000'000;  // the zone was known there
  records[1].flags |= kFlagZoneInferred;
  records[2].transport = Transport::kUdp;
  records[2].port = 1514;
  records[2].peer = *IpAddress::Parse("2001:db8::5");
  records[3].transport = Transport::kTls;
  records[3].tls_identity = "host.example.net";
  records[3].listener = "edge";
  records[4].peer = IpAddress();
  records[4].transport = Transport::kUnix;
  std::string tags;
  AppendTag(tags, "site", "north");
  records[4].tags = tags;
  const auto delivery = Deliver(rows.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  EXPECT_EQ(delivery.taken, records.size());
  EXPECT_GT(delivery.bytes, 0u);
  const auto stored = Stored();
  ASSERT_EQ(stored.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    v1::Record sent;
    ToProto(records[i], true, &sent);
    EXPECT_EQ(WithoutRelay(stored[i], true), WithoutRelay(sent, false));
    const auto& marks = stored[i].tags();
    EXPECT_EQ(marks[marks.size() - 2].name(), "cistern.store");
    EXPECT_EQ(marks[marks.size() - 2].value(), kOrigin);
    EXPECT_EQ(marks[marks.size() - 1].value(), std::to_string(ToInt(records[i].id)));
    EXPECT_GE(FromProto(stored[i].received_time()), records[i].received);
  }
}

TEST_F(CisternToDaemonTest, TagsOfTheFirstStoreStay) {
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - x");
  std::string tags;
  AppendTag(tags, "cistern.store", std::string(32, 'f'));
  AppendTag(tags, "cistern.id", "77");
  rows.batch.records()[0].tags = tags;
  ASSERT_FALSE(Deliver(rows.batch).failure);
  const auto stored = Stored();
  ASSERT_EQ(stored.size(), 1u);
  ASSERT_EQ(stored[0].tags_size(), 2);
  EXPECT_EQ(stored[0].tags(0).value(), std::string(32, 'f'));
  EXPECT_EQ(stored[0].tags(1).value(), "77");
}

TEST_F(CisternToDaemonTest, WhatIsThereIsNotSentAgainByANewSinkOrAfterARestartThere) {
  Rows all;
  for (std::uint64_t id = 1; id <= 300; ++id)
    all.Add(id * 10, "<13>1 - h a - - - number " + std::to_string(id));
  const auto& records = all.batch.records();
  ASSERT_EQ(Offer({records.begin(), records.begin() + 100}).taken, 100u);
  Make();  // the position was not saved
  ASSERT_EQ(Offer({records.begin() + 50, records.begin() + 100}).taken, 50u);
  app_->Stop(10s);
  EXPECT_TRUE(Offer({records.begin() + 90, records.end()}).failure);
  app_.reset();
  Start();
  Delivery rest = Deliver(all.batch);
  EXPECT_EQ(rest.taken, 300u);
  const auto stored = Stored();
  ASSERT_EQ(stored.size(), 300u);
  for (std::size_t i = 0; i < stored.size(); ++i)
    EXPECT_EQ(stored[i].message(), "number " + std::to_string(i + 1));
}

TEST_F(CisternToDaemonTest, ARewoundTargetSendsAgain) {
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - x");
  ASSERT_FALSE(Deliver(rows.batch).failure);
  epoch_ = 1;
  Make();
  ASSERT_FALSE(Deliver(rows.batch).failure);
  EXPECT_EQ(Stored().size(), 2u);
}

TEST_F(CisternToDaemonTest, ChunksLargerThanARequestArriveWholeAndInOrder) {
  Rows rows;
  for (std::uint64_t id = 1; id <= 40; ++id)
    rows.Add(id, "<13>1 - h a - - - " + std::string(60'000, static_cast<char>('a' + id % 26)));
  rows.Add(41, "<13>1 - h a - - - " + std::string(5 << 20, 'x'));
  rows.Add(42, "<13>1 - h a - - - last");
  const auto delivery = Deliver(rows.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  EXPECT_EQ(delivery.taken, 42u);
  ASSERT_EQ(delivery.refused.size(), 1u);
  EXPECT_EQ(delivery.refused[0].id, RecordId{41});
  const auto stored = Stored();
  ASSERT_EQ(stored.size(), 41u);
  for (std::size_t i = 0; i < 40; ++i)
    EXPECT_EQ(stored[i].message()[0], static_cast<char>('a' + (i + 1) % 26));
  EXPECT_EQ(stored[40].message(), "last");
}

TEST_F(CisternToDaemonTest, ItsOwnStoreIsALoop) {
  const auto admin = v1::AdminService::NewStub(channel_);
  grpc::ClientContext context;
  v1::GetStatusResponse status;
  ASSERT_TRUE(admin->GetStatus(&context, {}, &status).ok());
  auto made = MakeCisternSink(target_, {.store_id = status.store_id(), .observe = [](const StepReport&) {}});
  ASSERT_TRUE(made.has_value());
  sink_ = std::move(*made);
  Rows rows;
  rows.Add(1, "x");
  const auto delivery = Deliver(rows.batch);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kLoop);
  EXPECT_EQ(delivery.taken, 0u);
}

}  // namespace
}  // namespace cistern
