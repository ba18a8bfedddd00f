// A MariaDB target and a real server, killed and blocked as the cases need it.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <thread>

#include "ingest/message/tags.h"
#include "tests/unit/service/forward/mariadb_server.h"
#include "tests/unit/service/forward/sink_rig.h"

namespace cistern {
namespace {

class MariadbTest : public SinkTest {
 protected:
  MariadbTest() : SinkTest(&MakeMariadbSink) {}
  void SetUp() override {
    if (MariadbServer::Package().empty() && std::getenv("CISTERN_REQUIRE_CORPUS") != nullptr)
      FAIL() << "no mariadbd, and all that tests need must be there";
    if (MariadbServer::Package().empty()) GTEST_SKIP() << "no mariadbd: run tests/integration/fetch_peers.sh";
    server_.Start();
    auto& mariadb = *target_.mutable_mariadb();
    mariadb.set_socket(server_.socket());
    mariadb.set_user("cistern");
    mariadb.set_database("logs");
    Make();
  }
  void Fill(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t id = first; id <= last; ++id)
      rows_.Add(id, "<13>1 - h a - - - number " + std::to_string(id));
  }
  std::string Scalar(const std::string& statement) {
    const auto rows = server_.Query(statement);
    return rows.size() == 1 ? rows[0][0] : "no single row";
  }

  MariadbServer server_;
  Rows rows_;
};

std::string AllOctets() {
  std::string all;
  for (int octet = 0; octet < 256; ++octet) all += static_cast<char>(octet);
  return all + "'\\\"%_\x1a";
}

TEST_F(MariadbTest, EveryFieldIsInItsColumn) {
  rows_.Add(7, "<34>1 2026-01-02T03:04:05.678901234+01:00 host app 12 ID [a@1 b=\"c\"] text");
  Record& record = rows_.batch.records()[0];
  record.received = 1'795'219'200'123'456'789;
  record.port = 514;
  record.tls_identity = "host.example.net";
  std::string tags;
  AppendTag(tags, "site", "no\"rth");
  AppendTag(tags, "site", "south");
  record.tags = tags;
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  const auto rows = server_.Query(
      "SELECT store, id, received, time, received_ns, time_ns, peer, port, transport, listener, "
      "tls_identity, "
      "format, facility, severity, host, app, procid, msgid, structured_data, message, raw, tags FROM "
      "cistern_logs");
  ASSERT_EQ(rows.size(), 1u);
  const MariadbServer::Row expected = {kOrigin,
                                       "7",
                                       "2026-11-21 00:00:00.123456",
                                       "2026-01-02 02:04:05.678901",
                                       "1795219200123456789",
                                       "1767319445678901234",
                                       "192.0.2.1",
                                       "514",
                                       "tcp",
                                       "tcp",
                                       "host.example.net",
                                       "rfc5424",
                                       "4",
                                       "2",
                                       "host",
                                       "app",
                                       "12",
                                       "ID",
                                       "[a@1 b=\"c\"]",
                                       "text",
                                       std::string(record.raw),
                                       "{\"site\":[\"no\\\"rth\",\"south\"]}"};
  EXPECT_EQ(rows[0], expected);
}

TEST_F(MariadbTest, OctetsComeBackAsTheyAre) {
  const std::string octets = AllOctets();
  rows_.Add(1, "<13>1 - - - - - - x");
  rows_.Add(2, "x");
  auto& records = rows_.batch.records();
  records[0].message = records[0].raw = records[1].message = octets;
  const std::string raw = "<13>" + octets, longname(300, 'n');
  records[1].raw = raw;
  records[1].hostname = octets;
  records[1].app_name = longname;
  for (Record& record : records) record.shape.code = 0;
  const auto delivery = Deliver(rows_.batch);
  ASSERT_TRUE(delivery.refused.empty()) << delivery.refused[0].reason;
  const auto rows = server_.Query("SELECT message, raw, host, app FROM cistern_logs ORDER BY id");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][0], octets);
  EXPECT_EQ(rows[0][1], "NULL");
  EXPECT_EQ(rows[1][0], octets);
  EXPECT_EQ(rows[1][1], raw);
  EXPECT_NE(rows[1][2].find("\xEF\xBF\xBD"), std::string::npos);
  EXPECT_EQ(rows[1][3], longname.substr(0, 255));
}

TEST_F(MariadbTest, RepeatsOfANewSinkAreNoSecondRows) {
  Fill(1, 5000);
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  Make();
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  EXPECT_EQ(Scalar("SELECT COUNT(*) FROM cistern_logs"), "5000");
  EXPECT_EQ(Scalar("SELECT COUNT(*) FROM cistern_logs WHERE message = CONCAT('number ', id)"), "5000");
}

TEST_F(MariadbTest, OnlyTheRowsThatTheTableRefusesAreLeftOut) {
  Fill(1, 10);
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  server_.Query(
      "ALTER TABLE cistern_logs ADD CONSTRAINT no_poison CHECK (id <= 10 OR message NOT LIKE '%7')");
  Fill(11, 40);
  const auto& records = rows_.batch.records();
  Delivery all;
  for (std::size_t at = 10; at < 40;) {
    const Delivery one = Offer({records.begin() + static_cast<std::ptrdiff_t>(at), records.end()});
    ASSERT_FALSE(one.failure) << one.failure->text;
    at += one.taken;
    all.refused.insert(all.refused.end(), one.refused.begin(), one.refused.end());
  }
  ASSERT_EQ(all.refused.size(), 3u);
  EXPECT_EQ(all.refused[0].id, RecordId{17});
  EXPECT_EQ(all.refused[2].id, RecordId{37});
  EXPECT_NE(all.refused[0].reason.find("no_poison"), std::string::npos);
  EXPECT_EQ(Scalar("SELECT COUNT(*) FROM cistern_logs"), "37");
}

TEST_F(MariadbTest, ARowThatNoPacketHoldsIsRefusedAndTheRestArrives) {
  Fill(1, 1);
  rows_.Add(2, "<13>1 - h a - - - " + std::string(17 << 20, 'x'));
  Fill(3, 3);
  const auto delivery = Deliver(rows_.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  ASSERT_EQ(delivery.refused.size(), 1u);
  EXPECT_EQ(delivery.refused[0].id, RecordId{2});
  EXPECT_EQ(Scalar("SELECT GROUP_CONCAT(id) FROM cistern_logs"), "1,3");
}

TEST_F(MariadbTest, AServerThatIsKilledIsAFailureAndNothingIsMissingOrDoubleAfterwards) {
  Fill(1, 3000);
  const auto& records = rows_.batch.records();
  ASSERT_EQ(Offer({records.begin(), records.begin() + 1000}).taken, 1000u);
  EXPECT_EQ(sink_->endpoint(), server_.socket());
  server_.Kill();
  const auto lost = Offer({records.begin() + 1000, records.end()});
  ASSERT_TRUE(lost.failure);
  EXPECT_EQ(lost.failure->reason, FailureReason::kClosed) << lost.failure->text;
  EXPECT_EQ(lost.taken, 0u);
  const auto away = Offer({records.begin() + 1000, records.end()});
  ASSERT_TRUE(away.failure);
  EXPECT_EQ(away.failure->reason, FailureReason::kConnect) << away.failure->text;
  server_.Start();
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  EXPECT_EQ(Scalar("SELECT COUNT(*) FROM cistern_logs"), "3000");
}

TEST_F(MariadbTest, AStopEndsAStatementThatWaitsForALock) {
  Fill(1, 10);
  ASSERT_FALSE(Deliver(rows_.batch).failure);
  const auto other = server_.Connect("logs");
  ASSERT_EQ(mysql_query(other.get(), "LOCK TABLES cistern_logs WRITE"), 0);
  std::thread stopper([&] { stop_.Request(); });
  const auto delivery = Deliver(rows_.batch);
  stopper.join();
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kStopped);
  target_.mutable_mariadb()->set_timeout(1'000'000'000);
  stop_.Clear();
  EXPECT_EQ(FailureOf(rows_.batch).reason, FailureReason::kTimeout);
}

TEST_F(MariadbTest, AnUnknownDatabaseIsSaidByTheServer) {
  target_.mutable_mariadb()->set_database("nowhere");
  Fill(1, 1);
  const Failure failure = FailureOf(rows_.batch);
  EXPECT_EQ(failure.reason, FailureReason::kRejected);
  EXPECT_NE(failure.text.find("nowhere"), std::string::npos) << failure.text;
}

class MariadbAwayTest : public SinkTest {
 protected:
  MariadbAwayTest() : SinkTest(&MakeMariadbSink), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    auto& mariadb = *target_.mutable_mariadb();
    mariadb.set_address("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    mariadb.set_user("cistern");
    mariadb.set_database("logs");
    rows_.Add(1, "<13>1 - h a - - - x");
  }
  ~MariadbAwayTest() override { close(fd_); }
  const int fd_;
  Rows rows_;
};

TEST_F(MariadbAwayTest, RefusedIsSaidWithTheAddress) {
  const Failure failure = FailureOf(rows_.batch);
  EXPECT_EQ(failure.reason, FailureReason::kConnect);
  EXPECT_TRUE(failure.text.starts_with("connect to " + target_.mariadb().address())) << failure.text;
}

TEST_F(MariadbAwayTest, AServerThatSaysNothingIsLeftAtAStop) {
  ASSERT_EQ(listen(fd_, 8), 0);
  target_.mutable_mariadb()->set_connect_timeout(3'600'000'000'000);
  std::thread stopper([&] { stop_.Request(); });
  EXPECT_EQ(FailureOf(rows_.batch).reason, FailureReason::kStopped);
  stopper.join();
}

}  // namespace
}  // namespace cistern
