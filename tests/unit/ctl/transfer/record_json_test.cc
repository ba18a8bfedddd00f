#include "ctl/transfer/record_json.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

v1::Record WholeRecord() {
  v1::Record record;
  SetNs(1'790'000'000'123'456'789, *record.mutable_received_time());
  SetNs(-5, *record.mutable_message_time());
  record.set_peer_address("2001:db8::1");
  record.set_peer_port(65535);
  record.set_transport(v1::TRANSPORT_TLS);
  record.set_listener("l");
  record.set_tls_identity("id");
  record.set_facility(v1::FACILITY_LOCAL7);
  record.set_severity(v1::SEVERITY_EMERG);
  record.set_hostname("h\u00f6st");
  record.set_app_name("app");
  record.set_procid("42");
  record.set_msgid("m");
  auto* element = record.add_structured_data();
  element->set_id("a@1");
  for (const char* value : {"v", "w", "\"]\\"}) {
    auto* param = element->add_params();
    param->set_name("k");
    param->set_value(value);
  }
  record.set_message(std::string("caf\xe9 \0 \x1b", 8));
  record.set_format(v1::FORMAT_RFC3164);
  record.add_flags(v1::FLAG_BAD_UTF8);
  record.add_flags(v1::FLAG_IMPORTED);
  auto* tag = record.add_tags();
  tag->set_name("t");
  tag->set_value("");
  record.set_raw("<13>caf\xe9");
  return record;
}

TEST(RecordJsonTest, ReadsWhatExportWrites) {
  const v1::Record record = WholeRecord();
  std::string json;
  AppendExportJson(record, json);
  v1::Record read;
  EXPECT_EQ(ReadRecordJson(json, read), "");
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read, record)) << json;
}

TEST(RecordJsonTest, SaysWhatIsWrong) {
  v1::Record record;
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"message":1})", R"({"message":"x","received":"yesterday"})",
        R"({"message":"x","port":70000})", R"({"message":"x","severity":"loud"})",
        R"({"message":"x","flags":["none"]})", R"({"message":"x","tags":[]})",
        R"({"message":"x","structured_data":{"a":1}})", R"({"message":"x","raw_base64":"*"})"}) {
    EXPECT_NE(ReadRecordJson(bad, record), "") << bad;
  }
  EXPECT_EQ(ReadRecordJson(R"({"message":"x","unknown":{"a":[1]}})", record), "");
}

}  // namespace
}  // namespace cistern::ctl
