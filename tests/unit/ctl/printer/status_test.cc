#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "ctl/printer/status_text.h"

namespace cistern::ctl {
namespace {

v1::GetStatusResponse Status() {
  v1::GetStatusResponse status;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(version: "0.1.0" store_id: "5f2c" start_time { seconds: 1795161600 } state: STATE_READY
         ledger { received: 1234 stored: 1200 dropped { stage: "ingest" reason: "queue_full" messages: 30 }
                  in_flight: 4 transports { transport: TRANSPORT_UDP messages: 1234 octets: 99999 } kernel_drops: 7 }
         listeners { name: "udp" transport: TRANSPORT_UDP address: "127.0.0.1:5140" receive_buffer_bytes: 8388608
                     kernel_drops: 7 denied: 1234 }
         listeners { name: "tls" transport: TRANSPORT_TLS address: "127.0.0.1:6514" connections: 2 proxy_refused: 3
                     certificate_expiry { seconds: 1795161600 } }
         store { dir: "/data" records: 1200 bytes: 120000 log_files: 2 first_record_id: 1 last_record_id: 1300
                 oldest_received_time { seconds: 1795161600 } newest_received_time { seconds: 1795168800 }
                 free_bytes: 1073741824 }
         rules { enabled: 3 total: 4 lag_records: 1500 lag { seconds: 2 nanos: 5 } open_events: 1 }
         queue_bytes: 512 queue_limit_bytes: 25165824 resident_bytes: 45000000 cpu_time { seconds: 63 })",
      &status));
  return status;
}

std::string Text(const v1::GetStatusResponse& status) {
  setenv("TZ", "UTC", 1);
  std::string out;
  AppendStatusText(status, {.addr = "127.0.0.1:5141", .now_ns = 1'795'168'800'000'000'000}, out);
  return out;
}

TEST(StatusTextTest, IsOnePage) {
  EXPECT_EQ(
      Text(Status()),
      "cisternd 0.1.0 at 127.0.0.1:5141: ready, up 2h\n"
      "  memory 42.9 MiB, CPU 1m 3s, queue 512 B of 24 MiB\n"
      "\n"
      "Messages since the start\n"
      "  received               1 234  udp 1 234\n"
      "  stored                 1 200\n"
      "  dropped                   30  ingest queue_full 30\n"
      "  in flight                  4\n"
      "  received = stored + dropped + in flight: yes\n"
      "  7 more datagrams were dropped by the kernel before they could be read\n"
      "\n"
      "Listeners\n"
      "  NAME  TRANSPORT  ADDRESS         CONNECTIONS  RECEIVE BUFFER  KERNEL DROPS  CERTIFICATE ENDS\n"
      "  udp   udp        127.0.0.1:5140            -           8 MiB             7  -\n"
      "  tls   tls        127.0.0.1:6514            2               -             -  2026-11-20 08:00:00\n"
      "  udp: 1 234 denied by allow and deny\n"
      "  tls: 3 refused for their PROXY header\n"
      "\n"
      "Rules\n"
      "  3 of 4 rules enabled, 1 open event\n"
      "  detections are 1 500 records behind, 2s\n"
      "\n"
      "Store\n"
      "  /data (5f2c)\n"
      "  1 200 records in 2 log files, 117.2 KiB (100 bytes a record); 1 GiB free\n"
      "  2026-11-20 08:00:00 to 2026-11-20 10:00:00, ids 1 to 1300\n");
}

TEST(StatusTextTest, LedgerThatDoesNotBalanceIsSaid) {
  auto status = Status();
  status.mutable_ledger()->set_in_flight(3);
  EXPECT_FALSE(Balances(status.ledger()));
  EXPECT_NE(Text(status).find("in flight: NO"), std::string::npos);
}

TEST(StatusTextTest, DegradedStateTellsWhy) {
  auto status = Status();
  status.set_state(v1::GetStatusResponse::STATE_DEGRADED);
  status.set_reason("disk full\x1b");
  EXPECT_NE(Text(status).find(": degraded, up 2h\n  disk full\\x1b\n"), std::string::npos);
}

TEST(StatusTextTest, EmptyStoreHasNoTimes) {
  auto status = Status();
  status.mutable_store()->Clear();
  EXPECT_NE(Text(status).find("0 records in 0 log files, 0 B; 0 B free\n"), std::string::npos);
}

TEST(StatusJsonTest, IsOneLineWithNumbers) {
  std::string out;
  AppendStatusJson(Status(), out);
  ASSERT_EQ(out.find('\n'), out.size() - 1);
  const auto json = boost::json::parse(out);
  EXPECT_EQ(json.at("state").as_string(), "ready");
  EXPECT_EQ(json.at("start_time").as_string(), "2026-11-20T08:00:00.000000000Z");
  EXPECT_EQ(json.at("ledger").at("received").as_int64(), 1234);
  EXPECT_TRUE(json.at("ledger").at("balanced").as_bool());
  EXPECT_EQ(json.at("ledger").at("dropped").at(0).at("reason").as_string(), "queue_full");
  EXPECT_EQ(json.at("listeners").at(1).at("certificate_expiry").as_string(),
            "2026-11-20T08:00:00.000000000Z");
  EXPECT_EQ(json.at("listeners").at(0).at("denied").as_int64(), 1234);
  EXPECT_EQ(json.at("listeners").at(1).at("proxy_refused").as_int64(), 3);
  EXPECT_EQ(json.at("store").at("last_record_id").as_int64(), 1300);
  EXPECT_EQ(json.at("rules").at("open_events").as_int64(), 1);
  EXPECT_EQ(json.at("rules").at("lag_records").as_int64(), 1500);
  EXPECT_EQ(json.at("cpu_seconds").as_double(), 63.0);
}

}  // namespace
}  // namespace cistern::ctl
