#include "ctl/transfer/record_writer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/progress.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kReceived = 1'790'000'000'500'000'000;  // 2026-09-21T14:13:20.5Z

v1::Record Received(const std::string& raw, v1::Format format) {
  v1::Record record;
  SetNs(kReceived, *record.mutable_received_time());
  record.set_peer_address("192.0.2.7");
  record.set_format(format);
  record.set_raw(raw);
  return record;
}

std::string Text(const v1::Record& record, TextFraming framing = TextFraming::kLine) {
  std::string out;
  AppendExportText(record, framing, out);
  return out;
}

TEST(ExportTextTest, Rfc5424KeepsItsOctets) {
  const std::string raw = "<13>1 2026-01-02T03:04:05.1+01:00 h a - - - x";
  EXPECT_EQ(Text(Received(raw, v1::FORMAT_RFC5424)), raw + "\n");
}

TEST(ExportTextTest, TheRestIsRenderedWithWhatTheServerKnew) {
  v1::Record record = Received("<13>Jan  2 03:04:05 h a[1]: x", v1::FORMAT_RFC3164);
  SetNs(1'767'319'445'000'000'000, *record.mutable_message_time());  // 02:04:05Z: the server knew the zone
  EXPECT_EQ(Text(record), "<13>1 2026-01-02T02:04:05Z h a 1 - - x\n");
  EXPECT_EQ(Text(Received("no header", v1::FORMAT_RAW)),
            "<13>1 2026-09-21T14:13:20.500000Z 192.0.2.7 - - - - no header\n");
}

TEST(ExportTextTest, LineEndsAreEscapedOrCounted) {
  const std::string raw = std::string("<13>1 - h a - - - x\ny\rz\0.", 25);
  const auto record = Received(raw, v1::FORMAT_RFC5424);
  EXPECT_EQ(Text(record), "<13>1 - h a - - - x#012y#015z#000.\n");
  EXPECT_EQ(Text(record, TextFraming::kOctetCounted), "25 " + raw + "\n");
}

TEST(TextWriterTest, ReportsAStreamThatTakesNothing) {
  std::ostringstream out;
  out.setstate(std::ios::failbit);
  const auto writer = MakeTextWriter("jsonl", TextFraming::kLine, out, "name");
  EXPECT_TRUE(writer->Write(Received("x", v1::FORMAT_RAW)));
  EXPECT_EQ(writer->Finish().error().message.substr(0, 5), "name:");
}

TEST(ProgressTest, BarFillsUp) {
  EXPECT_EQ(ProgressBar(0, 10, 4), "[>   ]   0 %");
  EXPECT_EQ(ProgressBar(5, 10, 4), "[==> ]  50 %");
  EXPECT_EQ(ProgressBar(20, 10, 4), "[====] 100 %");
}

}  // namespace
}  // namespace cistern::ctl
