#include "service/control/convert.h"

#include <gtest/gtest.h>

#include "ingest/message/shape.h"
#include "proto/convert/utf8.h"
#include "service/control/status_map.h"
#include "service/control/token.h"
#include "storage/query/query.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

TEST(Utf8Test, KeepsValidAndReplacesEachIllFormedPart) {
  EXPECT_EQ(ToUtf8("plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(ToUtf8("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(ToUtf8("\xE2\x82"), "\xEF\xBF\xBD");                              // cut sequence: one replacement
  EXPECT_EQ(ToUtf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // over-long
  EXPECT_EQ(ToUtf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
}

TEST(TokenTest, RoundTripsAndRefusesForeignAndGarbage) {
  const std::string store(32, 'a');
  const auto token = ParseToken(FormatToken({store, 42, 99}), store);
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->after_id, 42u);
  EXPECT_EQ(token->snapshot_id, 99u);
  EXPECT_EQ(ParseToken(FormatToken({std::string(32, 'b'), 1, 0}), store).error(), StoreErrc::kForeignToken);
  for (const char* bad : {"", ".", "x", "aaaa.1", "1.2.3.4"}) {
    EXPECT_EQ(ParseToken(bad, store).error(), StoreErrc::kNotFound) << bad;
  }
  EXPECT_EQ(ParseToken(store + ".-1", store).error(), StoreErrc::kNotFound);
}

TEST(StatusMapTest, EveryStoreErrorHasACodeAndAText) {
  for (int i = 1; i <= static_cast<int>(StoreErrc::kDeadline); ++i) {
    const auto status = ToGrpc(make_error_code(static_cast<StoreErrc>(i)));
    EXPECT_NE(status.error_code(), grpc::StatusCode::OK) << i;
    EXPECT_NE(status.error_code(), grpc::StatusCode::INTERNAL) << i;
    EXPECT_FALSE(status.error_message().empty()) << i;
  }
  for (const auto errc : {QueryErrc::kBadLimit, QueryErrc::kTooManyBuckets}) {
    EXPECT_EQ(ToGrpc(make_error_code(errc)).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_TRUE(ToGrpc(boost::system::error_code{}).ok());
}

TEST(ConvertTest, TimesRoundTripBeforeAndAfterTheEpoch) {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'700'000'000'123'456'789}}) {
    google::protobuf::Timestamp time;
    ToProto(ns, &time);
    EXPECT_GE(time.nanos(), 0);
    EXPECT_EQ(FromProto(time), ns);
  }
  google::protobuf::Timestamp far;
  far.set_seconds(INT64_MAX);
  EXPECT_EQ(FromProto(far), INT64_MAX);
}

TEST(ConvertTest, RecordBecomesProtoFieldByField) {
  RecordBatch batch;
  AddMessage(batch, R"(<165>1 2003-10-11T22:14:15.003Z h app 12 ID47 [e@1 a="x" a="y\"z"][f] text)");
  v1::Record out;
  ToProto(batch.records()[0], true, &out);
  EXPECT_EQ(out.facility(), v1::FACILITY_LOCAL4);
  EXPECT_EQ(out.severity(), v1::SEVERITY_NOTICE);
  EXPECT_EQ(out.peer_address(), "192.0.2.1");
  EXPECT_EQ(out.transport(), v1::TRANSPORT_TCP);
  EXPECT_EQ(out.format(), v1::FORMAT_RFC5424);
  ASSERT_EQ(out.structured_data_size(), 2);
  ASSERT_EQ(out.structured_data(0).params_size(), 2);
  EXPECT_EQ(out.structured_data(0).params(1).value(), "y\"z");
  EXPECT_EQ(out.message(), "text");
  EXPECT_EQ(out.raw(), batch.records()[0].raw);
}

TEST(ConvertTest, ParsedRecordComesBackAsItWas) {
  v1::Record in;
  in.set_facility(v1::FACILITY_LOCAL0);
  in.set_severity(v1::SEVERITY_ERR);
  in.set_hostname("h");
  in.set_app_name("a");
  in.mutable_message_time()->set_seconds(1'700'000'000);
  in.mutable_message_time()->set_nanos(123456000);
  auto* element = in.add_structured_data();
  element->set_id("x@1");
  auto* param = element->add_params();
  param->set_name("k");
  param->set_value("a]\"\\b");
  auto* tag = in.add_tags();
  tag->set_name("team");
  tag->set_value("net");
  in.set_message("hello\nworld");
  RecordBatch batch;
  Record record;
  ASSERT_EQ(FromProto(in, WallNow(), batch, record), "");
  v1::Record out;
  ToProto(record, false, &out);
  EXPECT_EQ(out.message(), "hello\nworld");
  EXPECT_EQ(out.message_time().nanos(), 123456000);
  EXPECT_EQ(out.structured_data(0).params(0).value(), "a]\"\\b");
  EXPECT_EQ(out.tags(0).value(), "net");
  EXPECT_EQ(out.severity(), v1::SEVERITY_ERR);
}

TEST(ConvertTest, FieldsThatCannotBeWrittenAreRefusedByName) {
  RecordBatch batch;
  Record record;
  v1::Record in;
  in.set_hostname("two words");
  EXPECT_EQ(FromProto(in, 0, batch, record).substr(0, 8), "hostname");
  in.set_hostname("");
  in.add_structured_data()->set_id("a b");
  EXPECT_EQ(FromProto(in, 0, batch, record).substr(0, 15), "structured_data");
}

}  // namespace
}  // namespace cistern
