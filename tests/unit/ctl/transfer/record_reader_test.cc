#include "ctl/transfer/record_reader.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/record_printer.h"
#include "ctl/printer/time_text.h"
#include "tests/unit/service/temp_store.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kNow = 1'795'219'200'000'000'000;  // 2026-11-21T00:00:00Z

class RecordReaderTest : public ::testing::Test {
 protected:
  std::unique_ptr<RecordReader> Open(const std::string& content,
                                     TextTimes times = {.zone = "UTC", .at = "now"},
                                     Untimed untimed = Untimed::kPrevious) {
    const std::string path = folder_.path() + "/file";
    std::ofstream(path, std::ios::binary) << content;
    auto readers =
        OpenReaders(path, {.times = *ReadTextTimes(times, kNow), .untimed = untimed, .now_ns = kNow});
    EXPECT_TRUE(readers) << readers.error().message;
    return std::move(readers->at(0));
  }

  // `message@received time` of each record, from `position` on.
  static std::string ReadAll(RecordReader& reader, std::uint64_t position = 0) {
    EXPECT_TRUE(reader.SkipTo(position));
    std::string all;
    v1::Record record;
    for (;;) {
      const auto got = reader.Next(record);
      EXPECT_TRUE(got);
      if (!got || *got == RecordReader::Got::kEnd) return all;
      if (*got == RecordReader::Got::kUnreadable) {
        all += "!" + reader.problem() + "\n";
        continue;
      }
      all += (record.raw().empty() ? record.message() : record.raw()) + "@" +
             (record.has_received_time() ? Rfc3339(ToNs(record.received_time())).substr(0, 19) : "") + "\n";
    }
  }

  TempFolder folder_;
};

TEST_F(RecordReaderTest, TextLinesHaveTheirOwnTimesOrThatOfTheLineBefore) {
  const auto reader = Open("<13>Nov 20 10:00:00 h a: x\n\tat line 2\n\n<13>Jan  1 00:00:00 h a: y\n");
  EXPECT_EQ(ReadAll(*reader),
            "<13>Nov 20 10:00:00 h a: x@2026-11-20T10:00:00\n"
            "\tat line 2@2026-11-20T10:00:00\n"
            "<13>Jan  1 00:00:00 h a: y@2026-01-01T00:00:00\n");
  const auto at_now = Open("no time\n", {.zone = "UTC", .at = "now"}, Untimed::kNow);
  EXPECT_EQ(ReadAll(*at_now), "no time@2026-11-21T00:00:00\n");
}

TEST_F(RecordReaderTest, CsvOfAnExportIsNotTakenForMessages) {
  std::string content;
  MakeCsvPrinter({})->AppendHeader(content);
  const std::string path = folder_.path() + "/file.csv";
  std::ofstream(path, std::ios::binary) << content << "1,,,,,,,,user,info,h,a,,,,x,raw,,\n";
  const TextTimes times{.zone = "UTC", .at = "now"};
  const auto readers = OpenReaders(path, {.times = *ReadTextTimes(times, kNow), .now_ns = kNow});
  ASSERT_FALSE(readers);
  EXPECT_NE(readers.error().message.find("export -o jsonl"), std::string::npos);
  EXPECT_TRUE(OpenReaders(path, {.format = "text", .times = *ReadTextTimes(times, kNow), .now_ns = kNow}));
}

TEST_F(RecordReaderTest, SkippingGivesTheSameRecordsAsReading) {
  for (const char* content :
       {"<13>Nov 20 10:00:00 h a: x\nsecond\n\nthird\n",
        "26 <13>Nov 20 10:00:00 h a: x6 second12 <13>third\nand",
        "{\"format\":\"raw\",\"message\":\"a\"}\nbad\n{\"format\":\"raw\",\"message\":\"b\"}\n"}) {
    std::string first;
    const auto reader = Open(content);
    v1::Record record;
    ASSERT_TRUE(reader->Next(record));
    const std::uint64_t position = reader->position();
    const std::string rest = ReadAll(*reader, position);
    EXPECT_EQ(ReadAll(*Open(content), position), rest);
    EXPECT_FALSE(rest.empty());
  }
}

TEST_F(RecordReaderTest, OctetCountedFramesKeepLineEnds) {
  EXPECT_EQ(ReadAll(*Open("9 <13>a\nb c5 <13>d")).substr(0, 9), "<13>a\nb c");
}

TEST_F(RecordReaderTest, TheSameContentHasTheSameName) {
  const std::string id = Open("one\ntwo\n")->content_id();
  EXPECT_EQ(Open("one\ntwo\n")->content_id(), id);
  EXPECT_NE(Open("one\ntwx\n")->content_id(), id);
  EXPECT_LE(id.size(), 128u);
}

TEST_F(RecordReaderTest, JsonThatIsNoRecordIsText) {
  EXPECT_EQ(ReadAll(*Open("{\"level\":\"info\"}\n")).substr(0, 16), "{\"level\":\"info\"}");
}

TEST(TextTimesTest, YearsAreThoseAskedFor) {
  const auto with = [](TextTimes times) { return ReadTextTimes(times, kNow); };
  EXPECT_EQ(Rfc3339(with({.zone = "UTC", .year = 2024})->For(5, kNow)).substr(0, 7), "2024-07");
  EXPECT_LT(with({.zone = "UTC"})->For(kNow, 0), kNow);
  EXPECT_FALSE(with({.zone = "No/Where"}));
  EXPECT_FALSE(with({.zone = "UTC", .at = "never"}));
}

}  // namespace
}  // namespace cistern::ctl
