#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cistern/v1/record.pb.h"
#include "proto/convert/record.h"
#include "proto/convert/record_json.h"
#include "service/forward/format.h"
#include "temp_files.h"

namespace cistern {
namespace {

std::string Csv(const Record& record, const std::vector<std::string>& columns = {}) {
  RecordFormatter::Options options;
  options.form = RecordFormatter::Form::kCsv;
  for (const std::string& name : columns) options.columns.push_back(*ParseField(name));
  RecordFormatter formatter(options);
  std::string out;
  formatter.Append(record, out);
  return out;
}

std::string Json(const Record& record) {
  RecordFormatter formatter({.form = RecordFormatter::Form::kJson, .mark_store = {}, .columns = {}});
  std::string out = "before ";
  formatter.Append(record, out);
  EXPECT_TRUE(out.starts_with("before "));
  return out.substr(7);
}

TEST(FormatJsonTest, IsWhatTheClientPrints) {
  SomeRecords records;
  Record& record = records.Add("say \"hi\"\n");
  record.structured_data = R"([a k="1" k="2"][b])";
  record.time = kNoon - 1;
  record.format = Format::kRfc5424;
  record.flags = kFlagBom;
  v1::Record converted;
  ToProto(record, false, &converted);
  std::string expected;
  AppendRecordJson(converted, expected);
  EXPECT_EQ(Json(record), expected);
  EXPECT_EQ(expected,
            R"({"id":1,"received":"2026-11-21T12:00:00.000000000Z","time":"2026-11-21T11:59:59.999999999Z",)"
            R"("peer":"192.0.2.7","facility":"user","severity":"notice","hostname":"web","app_name":"app",)"
            R"("structured_data":{"a":{"k":["1","2"]},"b":{}},"message":"say \"hi\"\n","format":"rfc5424",)"
            R"("flags":["bom"]})");
}

TEST(FormatJsonTest, OctetsThatAreNoTextAreValidJsonOnOneLine) {
  SomeRecords records;
  Record& record = records.Add(std::string_view("a\xff\0\n\x1b", 5));
  record.flags = kFlagBadUtf8;
  const std::string json = Json(record);
  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_EQ(boost::json::parse(json).at("message_base64").as_string(), "Yf8AChs=");
}

TEST(FormatCsvTest, HasTheseColumnsUnlessOthersAreNamed) {
  RecordFormatter formatter({.form = RecordFormatter::Form::kCsv, .mark_store = {}, .columns = {}});
  EXPECT_EQ(formatter.Header(), "time,hostname,app_name,procid,facility,severity,peer,message");
  SomeRecords records;
  EXPECT_EQ(Csv(records.Add("hello")), ",web,app,,user,notice,192.0.2.7,hello");
}

TEST(FormatCsvTest, OnlyCsvHasAHeader) {
  using Form = RecordFormatter::Form;
  for (const Form form : {Form::kOriginal, Form::kRfc5424, Form::kRfc3164, Form::kJson})
    EXPECT_EQ(RecordFormatter({.form = form, .mark_store = {}, .columns = {}}).Header(), "");
}

TEST(FormatCsvTest, AnyFieldMayBeAColumn) {
  SomeRecords records;
  Record& record = records.Add(R"({"user":"bob"})");
  record.structured_data = R"([a k="1" k="2\"3"])";
  record.flags = kFlagBom | kFlagLenient;
  EXPECT_EQ(Csv(record, {"id", "received", "sd.a.k", "json.user", "flags", "tag.none"}),
            R"(1,2026-11-21T12:00:00.000000000Z,"1;2""3",bob,lenient;bom,)");
  RecordFormatter formatter({.form = RecordFormatter::Form::kCsv,
                             .mark_store = {},
                             .columns = {*ParseField("host"), *ParseField("sd.\"a,b\".k")}});
  EXPECT_EQ(formatter.Header(), R"(hostname,"sd.""a,b"".k")");
}

TEST(FormatCsvTest, ValuesAreQuotedAndText) {
  SomeRecords records;
  EXPECT_EQ(Csv(records.Add("a,b \"c\"\nd\xff"), {"message", "host"}), "\"a,b \"\"c\"\"\nd\ufffd\",web");
}

}  // namespace
}  // namespace cistern
