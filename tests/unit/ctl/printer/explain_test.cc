#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "ctl/printer/record_text.h"
#include "tests/unit/proto/convert/sample_record.h"

namespace cistern::ctl {
namespace {

v1::ExplainResponse Explain() {
  v1::ExplainResponse explain;
  *explain.mutable_record() = SampleRecord();
  explain.mutable_record()->set_id(7);
  explain.add_decisions("PRI 83 is authpriv.err.");
  explain.add_decisions("Evil \x1b decision.");
  auto* field = explain.add_payload_fields();
  field->set_name("src");
  field->set_value("10.0.0.1");
  explain.set_payload_kind("cef");
  *explain.mutable_event_time() = explain.record().message_time();
  return explain;
}

TEST(ExplainTextTest, ShowsEveryField) {
  setenv("TZ", "UTC", 1);
  std::string out;
  AppendExplainText(Explain(), false, out);
  EXPECT_EQ(out,
            "Record 7\n"
            "  received        2026-11-20 10:00:00.000000001 +00:00\n"
            "  message time    2026-11-20 09:59:58.500000000 +00:00\n"
            "  event time      2026-11-20 09:59:58.500000000 +00:00\n"
            "  peer            192.0.2.1\n"
            "  port            5514\n"
            "  transport       tls\n"
            "  listener        tls\n"
            "  tls identity    web-1.example.org\n"
            "  format          rfc5424\n"
            "  facility        authpriv\n"
            "  severity        err\n"
            "  hostname        web-1\n"
            "  app name        sshd\n"
            "  procid          812\n"
            "  msgid           ID47\n"
            "  sd.origin@32473.ip 192.0.2.1\n"
            "  sd.origin@32473.software x\n"
            "  sd.origin@32473.ip 2001:db8::1\n"
            "  sd.empty        (no parameters)\n"
            "  tag.user        bob\n"
            "  tag.user        eve\n"
            "  tag.empty       \n"
            "  flags           lenient bom\n"
            "  message         Failed password for \"root\"\n"
            "What the parser decided\n"
            "  PRI 83 is authpriv.err.\n"
            "  Evil \\x1b decision.\n"
            "Fields in the message (cef)\n"
            "  src             10.0.0.1\n"
            "Octets as received (14, stored as they are)\n"
            "  <83>1 ... raw\\x1b\n");
}

TEST(ExplainJsonTest, HoldsTheRecordAndTheOctets) {
  auto explain = Explain();
  explain.mutable_record()->set_raw("a\xff");
  explain.set_raw_is_rebuilt(true);
  std::string out;
  AppendExplainJson(explain, out);
  const auto json = boost::json::parse(out);
  EXPECT_EQ(json.at("record").at("id").as_int64(), 7);
  EXPECT_EQ(json.at("event_time").as_string(), "2026-11-20T09:59:58.500000000Z");
  EXPECT_EQ(json.at("decisions").as_array().size(), 2u);
  EXPECT_EQ(json.at("payload_kind").as_string(), "cef");
  EXPECT_EQ(json.at("payload_fields").at("src").as_string(), "10.0.0.1");
  EXPECT_TRUE(json.at("raw_is_rebuilt").as_bool());
  EXPECT_EQ(json.at("raw").as_string(), "a\ufffd");
  EXPECT_EQ(json.at("raw_base64").as_string(), "Yf8=");
}

}  // namespace
}  // namespace cistern::ctl
