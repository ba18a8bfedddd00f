#include "service/control/import_record.h"

#include <gtest/gtest.h>

#include "ingest/message/shape.h"
#include "ingest/message/tags.h"
#include "service/control/convert.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

constexpr std::int64_t kNow = 1'795'219'200'000'000'000;   // 2026-11-21T00:00:00Z
constexpr std::int64_t kThen = 1'767'319'445'000'000'000;  // 2026-01-02T02:04:05Z

class ImportRecordTest : public ::testing::Test {
 protected:
  std::string Import(const v1::Record& in) { return ImportRecord(in, kNow, batch_, out_); }
  std::string Raw() const {
    Record stored = out_;  // as the store keeps it
    if (stored.shape.code != kShapeRaw) stored.raw = {};
    std::string raw;
    RebuildRaw(stored, raw);
    return raw;
  }

  RecordBatch batch_;
  Record out_;
};

TEST_F(ImportRecordTest, OctetsAreReadAgainAndTimesAndOriginKept) {
  v1::Record in;
  in.set_raw("<13>Jan  2 03:04:05 h a[1]: x");
  ToProto(kThen, in.mutable_message_time());  // the zone was +01:00 where it was received
  ToProto(kThen + 5, in.mutable_received_time());
  in.set_peer_address("192.0.2.9");
  in.set_peer_port(514);
  in.set_transport(v1::TRANSPORT_UDP);
  in.set_listener("edge");
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.time, kThen);
  EXPECT_EQ(out_.received, kThen + 5);
  EXPECT_EQ(out_.app_name, "a");
  EXPECT_EQ(out_.format, Format::kRfc3164);
  EXPECT_EQ(out_.peer.ToString(), "192.0.2.9");
  EXPECT_EQ(out_.port, 514);
  EXPECT_EQ(out_.transport, Transport::kUdp);
  EXPECT_EQ(out_.listener, "edge");
  EXPECT_TRUE(out_.flags & kFlagImported);
  EXPECT_FALSE(out_.flags & kFlagClockSkew);
  EXPECT_NE(out_.shape.code, kShapeRaw);
  EXPECT_EQ(Raw(), in.raw());
}

TEST_F(ImportRecordTest, ATimeThatNoShapeCanShowKeepsTheOctets) {
  v1::Record in;
  in.set_raw("<13>1 2026-01-02T03:04:05Z h a - - - x");
  ToProto(kThen + 123, in.mutable_message_time());
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.time, kThen + 123);
  EXPECT_EQ(Raw(), in.raw());
}

TEST_F(ImportRecordTest, FieldsWithoutOctetsComeBackWhateverTheyHold) {
  v1::Record in;
  in.set_format(v1::FORMAT_RFC3164);
  in.set_hostname("two w\u00f6rds");
  in.set_app_name(std::string(60, 'a'));
  in.set_message(std::string("a\0b\n", 4));
  in.add_flags(v1::FLAG_YEAR_INFERRED);
  auto* element = in.add_structured_data();
  element->set_id("x@1");
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.hostname, in.hostname());
  EXPECT_EQ(out_.app_name, in.app_name());
  EXPECT_EQ(out_.message, in.message());
  EXPECT_EQ(out_.structured_data, "[x@1]");
  EXPECT_EQ(out_.format, Format::kRfc3164);
  EXPECT_TRUE(out_.flags & kFlagYearInferred);
  EXPECT_EQ(Raw().substr(0, 4), "<13>");
}

TEST_F(ImportRecordTest, ReceivedTimeIsNeitherMissingNorInTheFuture) {
  v1::Record in;
  in.set_raw("no time");
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.received, kNow);
  EXPECT_EQ(out_.listener, "import");
  in.set_raw("<13>1 2026-01-02T02:04:05Z h a - - - x");
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.received, kThen);
  ToProto(kNow + 1'000'000'000, in.mutable_received_time());
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.received, kNow);
}

TEST_F(ImportRecordTest, ValuesOutOfRangeAreRefusedByName) {
  v1::Record in;
  in.set_peer_address("nowhere");
  EXPECT_EQ(Import(in).substr(0, 12), "peer_address");
  in.set_peer_address("");
  in.set_transport(static_cast<v1::Transport>(99));
  EXPECT_EQ(Import(in).substr(0, 9), "transport");
  in.set_transport(v1::TRANSPORT_UDP);
  in.set_severity(static_cast<v1::Severity>(99));
  EXPECT_EQ(Import(in).substr(0, 8), "severity");
}

TEST_F(ImportRecordTest, ARelayedRecordIsReceivedNowAndElseAsItWas) {
  v1::Record in;
  in.set_raw("<13>Jan  2 03:04:05 h a[1]: x");
  ToProto(kThen, in.mutable_message_time());
  ToProto(kThen + 5, in.mutable_received_time());
  in.set_peer_address("192.0.2.9");
  in.set_peer_port(514);
  in.set_transport(v1::TRANSPORT_TLS);
  in.set_listener("edge");
  in.set_tls_identity("h.example.net");
  in.add_flags(v1::FLAG_ZONE_INFERRED);
  in.add_flags(v1::FLAG_BOM);  // the octets have none
  in.add_flags(v1::FLAG_IMPORTED);
  auto* tag = in.add_tags();
  tag->set_name("cistern.store");
  tag->set_value("s");
  ASSERT_EQ(RelayedRecord(in, kNow, batch_, out_), "");
  EXPECT_EQ(out_.received, kNow);
  EXPECT_EQ(out_.time, kThen);
  EXPECT_EQ(out_.app_name, "a");
  EXPECT_EQ(out_.peer.ToString(), "192.0.2.9");
  EXPECT_EQ(out_.port, 514);
  EXPECT_EQ(out_.transport, Transport::kTls);
  EXPECT_EQ(out_.listener, "edge");
  EXPECT_EQ(out_.tls_identity, "h.example.net");
  EXPECT_EQ(out_.flags, std::uint32_t{kFlagZoneInferred});  // its age now says nothing of its sender's clock
  EXPECT_FALSE(out_.tags.empty());
  EXPECT_EQ(Raw(), in.raw());
}

// Nor anything else that a client sends.
TEST_F(ImportRecordTest, AnEventOfAnotherCisternIsNoEventHere) {
  v1::Record in;
  in.set_raw("<13>1 2026-01-02T02:04:05Z h cistern - login-failed - x");
  in.set_transport(v1::TRANSPORT_INTERNAL);
  for (const std::string name : {"event", "event.rule", "event.muted", "eventful", "origin.event.key"}) {
    in.add_tags()->set_name(name);
    in.mutable_tags()->rbegin()->set_value("v");
  }
  in.add_tags()->set_name("event." + std::string(57, 'n'));
  const auto names = [this] {
    std::vector<std::string> all;
    TagsReader reader(out_.tags);
    while (const auto tag = reader.Next()) all.emplace_back(tag->name);
    return all;
  };
  const std::vector<std::string> expected = {"origin.event", "origin.event.rule", "origin.event.muted",
                                             "eventful", "origin.event.key"};
  ASSERT_EQ(RelayedRecord(in, kNow, batch_, out_), "");
  EXPECT_EQ(out_.transport, Transport::kGrpc);
  EXPECT_EQ(names(), expected);
  ASSERT_EQ(Import(in), "");
  EXPECT_EQ(out_.transport, Transport::kGrpc);
  EXPECT_EQ(names(), expected);
  out_ = Record();
  in.clear_raw();
  ASSERT_EQ(FromProto(in, kNow, batch_, out_), "");
  EXPECT_EQ(names(), expected);
}

TEST_F(ImportRecordTest, ARelayedRecordWithoutItsOctetsIsRefused) {
  v1::Record in;
  in.set_message("x");
  EXPECT_EQ(RelayedRecord(in, kNow, batch_, out_).substr(0, 4), "raw:");
  in.set_raw("x");
  in.set_peer_address("nowhere");
  EXPECT_EQ(RelayedRecord(in, kNow, batch_, out_).substr(0, 12), "peer_address");
}

}  // namespace
}  // namespace cistern
