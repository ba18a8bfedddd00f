#include "ingest/parse/pri.h"

#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

TEST(Pri, EveryValueIsReadInItsOnlySpelling) {
  for (unsigned value = 0; value <= 191; ++value) {
    const std::string text = "<" + std::to_string(value) + ">";
    const Pri pri = ScanPri(text + "rest");
    EXPECT_EQ(pri.size, text.size());
    EXPECT_EQ(pri.value, value);
    const Record record = ParseChecked(text + "rest");
    EXPECT_EQ(record.facility, value / 8);
    EXPECT_EQ(record.severity, value % 8);
  }
}

// RFC 3164 section 4.3.3: an unidentifiable PRI; RFC 5424 section 6.2.1: no leading zero.
TEST(Pri, AnythingElseIsNotIdentifiableAndTheWholePacketIsTheMessage) {
  for (const std::string_view start :
       {"<>",   "<192>", "<999>", "<1000>", "<00>",
        "<01>", "<000>", "<007>", "<-1>",   "<+1>",
        "< 1>", "<1 >",  "<a>",   "<1a>",   "<1",
        "<",    "<<1>",  "<13 ",  "<0x1>",  "<8000000000000000000000000000000>"}) {
    const std::string input = std::string(start) + "1 - - - - - -";
    const Record record = ParseChecked(input);
    EXPECT_EQ(ToLogfmt(record), "raw user.notice flags=bad_pri msg=" + input);
  }
}

TEST(Pri, AbsentMeansUserNotice) {
  EXPECT_EQ(ToLogfmt(ParseChecked("plain text")), "raw user.notice flags=no_pri msg=plain text");
  EXPECT_EQ(ToLogfmt(ParseChecked("")), "raw user.notice flags=no_pri");
  EXPECT_EQ(ToLogfmt(ParseChecked("\n")), "raw user.notice flags=no_pri");
  EXPECT_EQ(ToLogfmt(ParseChecked("(13>text")), "raw user.notice flags=no_pri msg=(13>text");
  EXPECT_EQ(ToLogfmt(ParseChecked("5 aaaaa")), "raw user.notice flags=no_pri msg=5 aaaaa");
}

TEST(Pri, FramingFlagsSurviveParsing) {
  Record record;
  record.flags = kFlagTruncated | kFlagPartialFrame | kFlagBom | kFlagMalformed;
  record.hostname = "old";
  ParseMessage("<13>text", {.received = kNow}, record);
  EXPECT_EQ(record.flags, kFlagTruncated | kFlagPartialFrame);
  EXPECT_TRUE(record.hostname.empty());
  ParseMessage("<bad", {.received = kNow}, record);
  EXPECT_EQ(record.flags, kFlagTruncated | kFlagPartialFrame | kFlagBadPri);
}

}  // namespace
}  // namespace cistern
