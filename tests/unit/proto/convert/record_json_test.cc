#include "proto/convert/record_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "proto/convert/json.h"
#include "sample_record.h"

namespace cistern {
namespace {

std::string Json(const v1::Record& record) {
  std::string out;
  AppendRecordJson(record, out);
  return out;
}

v1::Record SmallRecord() {
  v1::Record record;
  record.set_id(1);
  record.mutable_received_time()->set_seconds(kSampleReceived);
  record.set_facility(v1::FACILITY_USER);
  record.set_severity(v1::SEVERITY_NOTICE);
  record.set_format(v1::FORMAT_RAW);
  return record;
}

// The contract of `-o json`: names, order and forms. A change here breaks the programs of others.
TEST(RecordJsonTest, WholeRecord) {
  EXPECT_EQ(
      Json(SampleRecord()),
      R"({"id":18446744073709551615,"received":"2026-11-20T10:00:00.000000001Z",)"
      R"("time":"2026-11-20T09:59:58.500000000Z","peer":"192.0.2.1","port":5514,"transport":"tls",)"
      R"("listener":"tls","tls_identity":"web-1.example.org","facility":"authpriv","severity":"err",)"
      R"("hostname":"web-1","app_name":"sshd","procid":"812","msgid":"ID47",)"
      R"("structured_data":{"origin@32473":{"ip":["192.0.2.1","2001:db8::1"],"software":"x"},"empty":{}},)"
      R"("message":"Failed password for \"root\"","format":"rfc5424","flags":["lenient","bom"],)"
      R"("tags":{"user":["bob","eve"],"empty":""}})");
}

TEST(RecordJsonTest, AbsentFieldsAreLeftOut) {
  EXPECT_EQ(Json(SmallRecord()), R"({"id":1,"received":"2026-11-20T10:00:00.000000000Z","facility":"user",)"
                                 R"("severity":"notice","format":"raw"})");
}

TEST(RecordJsonTest, MessageThatIsNotUtf8HasBase64Beside) {
  auto record = SmallRecord();
  record.set_message("a\xff\0b", 4);
  EXPECT_NE(Json(record).find(R"("message":"a)"
                              "\ufffd"
                              R"(\u0000b","message_base64":"Yf8AYg==","format":"raw")"),
            std::string::npos)
      << Json(record);
}

TEST(RecordJsonTest, RepeatedElementBecomesAnArrayInOrder) {
  auto record = SmallRecord();
  for (const char* value : {"1", "2"}) {
    auto* element = record.add_structured_data();
    element->set_id("a");
    auto* param = element->add_params();
    param->set_name("k");
    param->set_value(value);
  }
  EXPECT_NE(Json(record).find(R"("structured_data":{"a":[{"k":"1"},{"k":"2"}]})"), std::string::npos)
      << Json(record);
}

TEST(RecordJsonTest, ManyRepeatedParametersStayLinear) {
  auto record = SmallRecord();
  auto* element = record.add_structured_data();
  element->set_id("a");
  for (int i = 0; i < 100'000; ++i) element->add_params()->set_name(std::to_string(i % 50'000));
  EXPECT_EQ(boost::json::parse(Json(record)).at("structured_data").at("a").as_object().size(), 50'000u);
}

TEST(RecordJsonTest, EveryMessageOctetGivesValidJson) {
  for (int octet = 0; octet < 256; ++octet) {
    auto record = SmallRecord();
    record.set_message(std::string(1, static_cast<char>(octet)));
    record.set_hostname(octet < 128 ? std::string(1, static_cast<char>(octet)) : "h");
    const auto parsed = boost::json::parse(Json(record));
    EXPECT_EQ(parsed.at("message").as_string(), octet < 128 ? record.message() : "\ufffd");
  }
}

TEST(RecordJsonTest, EnumerationsOfANewerReleaseAreLeftOut) {
  auto record = SmallRecord();
  record.set_transport(static_cast<v1::Transport>(99));
  EXPECT_EQ(Json(record).find("transport"), std::string::npos);
}

TEST(JsonWriterTest, NestsWithCommas) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("a").BeginArray().Number(1).BeginObject().EndObject().Bool(true).EndArray();
  json.Key("b").Seconds(-1'500'000'000).OptionalString("c", "").Key("d").Seconds(5).EndObject();
  EXPECT_EQ(out, R"({"a":[1,{},true],"b":-1.500000000,"d":0.000000005})");
}

}  // namespace
}  // namespace cistern
