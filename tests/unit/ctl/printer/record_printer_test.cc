#include "ctl/printer/record_printer.h"

#include <gtest/gtest.h>

#include "tests/unit/proto/convert/sample_record.h"

namespace cistern::ctl {
namespace {

RecordStyle Style() { return {.zone = absl::FixedTimeZone(3600)}; }

std::string Print(OutputFormat format, const v1::Record& record, const RecordStyle& style = Style()) {
  const auto printer = MakeRecordPrinter(format, style);
  std::string out;
  printer->AppendHeader(out);
  printer->Append(record, out);
  return out;
}

TEST(OutputFormatTest, HasFourNames) {
  EXPECT_EQ(ParseOutputFormat("table"), OutputFormat::kTable);
  EXPECT_EQ(ParseOutputFormat("json"), OutputFormat::kJson);
  EXPECT_EQ(ParseOutputFormat("raw"), OutputFormat::kRaw);
  EXPECT_EQ(ParseOutputFormat("csv"), OutputFormat::kCsv);
}

TEST(TablePrinterTest, ShowsOneLineInLocalTime) {
  EXPECT_EQ(Print(OutputFormat::kTable, SampleRecord()),
            "2026-11-20 11:00:00.000 err     web-1 sshd[812]: Failed password for \"root\"\n");
}

TEST(TablePrinterTest, ShowsEventTimeOnRequest) {
  auto style = Style();
  style.event_time = true;
  EXPECT_EQ(Print(OutputFormat::kTable, SampleRecord(), style).substr(0, 23), "2026-11-20 10:59:58.500");
}

TEST(TablePrinterTest, EventTimeFarFromReceiptIsTheReceivedTime) {
  auto style = Style();
  style.event_time = true;
  auto record = SampleRecord();
  record.mutable_message_time()->set_seconds(kSampleReceived - 301);
  EXPECT_EQ(Print(OutputFormat::kTable, record, style).substr(0, 23), "2026-11-20 11:00:00.000");
}

TEST(TablePrinterTest, EscapesControlCharactersInEveryTextField) {
  auto record = SampleRecord();
  const std::string evil = "\x1b]0;x\x07\u202e\n";
  record.set_hostname(evil);
  record.set_app_name(evil);
  record.set_procid(evil);
  record.set_message(evil);
  const std::string shown = R"(\x1b]0;x\x07\u202e\n)";
  EXPECT_EQ(Print(OutputFormat::kTable, record),
            "2026-11-20 11:00:00.000 err     " + shown + " " + shown + "[" + shown + "]: " + shown + "\n");
}

TEST(TablePrinterTest, PeerStandsForAMissingHost) {
  auto record = SampleRecord();
  record.clear_hostname();
  record.clear_app_name();
  record.clear_procid();
  EXPECT_EQ(Print(OutputFormat::kTable, record),
            "2026-11-20 11:00:00.000 err     192.0.2.1 Failed password for \"root\"\n");
  record.clear_peer_address();
  record.clear_listener();
  EXPECT_EQ(Print(OutputFormat::kTable, record),
            "2026-11-20 11:00:00.000 err     - Failed password for \"root\"\n");
}

TEST(TablePrinterTest, StructuredDataStandsForAMissingMessage) {
  auto record = SampleRecord();
  record.clear_message();
  EXPECT_EQ(Print(OutputFormat::kTable, record),
            "2026-11-20 11:00:00.000 err     web-1 sshd[812]: "
            "[origin@32473 ip=\"192.0.2.1\" software=\"x\" ip=\"2001:db8::1\"][empty]\n");
}

TEST(TablePrinterTest, ColoursBySeverity) {
  auto style = Style();
  style.color = true;
  EXPECT_NE(Print(OutputFormat::kTable, SampleRecord(), style).find("\x1b[31merr    \x1b[0m"),
            std::string::npos);
}

TEST(RawPrinterTest, GivesTheOctetsAndANewline) {
  EXPECT_EQ(Print(OutputFormat::kRaw, SampleRecord()), "<83>1 ... raw\x1b\n");
}

TEST(CsvPrinterTest, QuotesAsInRfc4180) {
  EXPECT_EQ(
      Print(OutputFormat::kCsv, SampleRecord()),
      "id,received,time,peer,port,transport,listener,tls_identity,facility,severity,hostname,app_name,procid,"
      "msgid,"
      "structured_data,message,format,flags,tags\n"
      "18446744073709551615,2026-11-20T10:00:00.000000001Z,2026-11-20T09:59:58.500000000Z,192.0.2.1,5514,tls,"
      "tls,"
      "web-1.example.org,authpriv,err,web-1,sshd,812,ID47,"
      "\"{\"\"origin@32473\"\":{\"\"ip\"\":[\"\"192.0.2.1\"\",\"\"2001:db8::1\"\"],\"\"software\"\":"
      "\"\"x\"\"},"
      "\"\"empty\"\":{}}\","
      "\"Failed password for \"\"root\"\"\",rfc5424,lenient;bom,\"{\"\"user\"\":[\"\"bob\"\",\"\"eve\"\"],"
      "\"\"empty\"\":\"\"\"\"}\"\n");
}

TEST(CsvPrinterTest, KeepsLineEndsInQuotesInAFileAndEscapesThemOnATerminal) {
  v1::Record record;
  record.set_id(1);
  record.set_message("a\nb\x1b");
  EXPECT_NE(Print(OutputFormat::kCsv, record).find(",\"a\nb\x1b\","), std::string::npos);
  auto style = Style();
  style.terminal = true;
  EXPECT_NE(Print(OutputFormat::kCsv, record, style).find(",a\\nb\\x1b,"), std::string::npos);
}

TEST(CsvPrinterTest, AbsentFieldsAreEmpty) {
  v1::Record record;
  record.set_id(1);
  const std::string text = Print(OutputFormat::kCsv, record);
  EXPECT_EQ(text.substr(text.find('\n') + 1), "1,,,,,,,,,,,,,,,,,,\n");
}

}  // namespace
}  // namespace cistern::ctl
