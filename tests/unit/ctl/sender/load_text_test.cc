#include "ctl/sender/load_text.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ctl/sender/load_mark.h"
#include "ingest/parse/parser.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kTime = 1'790'000'000'123'456'000;
constexpr const char* kRun = "abcdefgh";

Record Parse(std::string_view message) {
  Record record;
  ParseMessage(message, {.received = kTime}, record);
  return record;
}

std::optional<Mark> MarkOf(const Record& record) {
  return ReadMark(record.message, kRun, HeaderSum(record.hostname, record.app_name, record.procid));
}

TEST(LoadText, MessagesParseAndCarryTheirMark) {
  LoadText text(kRun, 3, LoadFormat::kMixed, 0);
  std::string message;
  for (std::uint64_t n = 1; n <= 5000; ++n) {
    text.Render(n, kTime, message);
    const Record record = Parse(message);
    ASSERT_NE(record.format, Format::kRaw) << message;
    EXPECT_EQ(record.flags & ~static_cast<std::uint32_t>(kFlagYearInferred | kFlagZoneInferred), 0u)
        << message;
    const auto mark = MarkOf(record);
    ASSERT_TRUE(mark) << message;
    EXPECT_TRUE(mark->intact) << message;
    EXPECT_EQ(mark->sender, 3u);
    EXPECT_EQ(mark->sequence, n);
  }
}

TEST(LoadText, MixedLoadIsHalfAndHalfOf174OctetsFromManySources) {
  LoadText text(kRun, 0, LoadFormat::kMixed, 0);
  std::map<Format, int> formats;
  std::set<std::string> sources;
  std::set<std::string> messages;
  std::size_t octets = 0;
  std::string message;
  for (int n = 1; n <= 10'000; ++n) {
    text.Render(static_cast<std::uint64_t>(n), kTime, message);
    const Record record = Parse(message);
    ++formats[record.format];
    sources.insert(std::string(record.hostname) + " " + std::string(record.app_name));
    messages.insert(message);
    octets += message.size();
  }
  EXPECT_NEAR(formats[Format::kRfc5424], 5000, 300);
  EXPECT_NEAR(static_cast<double>(octets) / 10'000, 174, 6);
  EXPECT_GE(sources.size(), 80u);
  EXPECT_EQ(messages.size(), 10'000u);
}

TEST(LoadText, OneFormatOnly) {
  std::string message;
  LoadText rfc5424(kRun, 0, LoadFormat::kRfc5424, 0);
  LoadText rfc3164(kRun, 0, LoadFormat::kRfc3164, 0);
  for (std::uint64_t n = 1; n <= 100; ++n) {
    rfc5424.Render(n, kTime, message);
    EXPECT_EQ(Parse(message).format, Format::kRfc5424);
    rfc3164.Render(n, kTime, message);
    EXPECT_EQ(Parse(message).format, Format::kRfc3164);
  }
}

TEST(LoadText, SizeIsKept) {
  std::string message;
  for (const std::size_t size : {200u, 1000u, 8192u}) {
    LoadText text(kRun, 0, LoadFormat::kMixed, size);
    for (std::uint64_t n = 1; n <= 200; ++n) {
      text.Render(n, kTime, message);
      EXPECT_EQ(message.size(), size);
      EXPECT_TRUE(MarkOf(Parse(message))->intact);
    }
  }
}

TEST(LoadText, TooSmallASizeKeepsHeaderAndMark) {
  LoadText text(kRun, 0, LoadFormat::kMixed, 10);
  std::string message;
  text.Render(1, kTime, message);
  EXPECT_TRUE(MarkOf(Parse(message))->intact);
}

TEST(LoadText, TimeIsTheOneGiven) {
  LoadText text(kRun, 0, LoadFormat::kRfc5424, 0);
  std::string message;
  for (const std::int64_t time : {kTime, kTime + 1000, kTime + 3'000'000'000, kTime}) {
    text.Render(1, time, message);
    EXPECT_EQ(Parse(message).time, time);
  }
}

TEST(LoadMark, RunIdsAreLettersAndDiffer) {
  const std::string a = MakeRunId();
  EXPECT_EQ(a.size(), kRunIdSize);
  EXPECT_EQ(a.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), std::string::npos);
  EXPECT_NE(a, MakeRunId());
}

TEST(LoadMark, EveryChangeOfTheTextIsSeen) {
  std::string text = "some text 42";
  const auto sum = HeaderSum("h", "a", "1");
  AppendMark(kRun, 1, 77, sum, 0, text);
  ASSERT_TRUE(ReadMark(text, kRun, sum)->intact);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] ^= 1;
    const auto mark = ReadMark(changed, kRun, sum);
    EXPECT_TRUE(!mark || !mark->intact) << changed;
  }
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto mark = ReadMark(text.substr(0, n), kRun, sum);
    EXPECT_TRUE(!mark || !mark->intact) << n;
  }
  EXPECT_FALSE(ReadMark(text, kRun, HeaderSum("h", "b", "1"))->intact) << "another app";
  EXPECT_FALSE(ReadMark(text, "zzzzzzzz", sum)) << "another run";
}

}  // namespace
}  // namespace cistern::ctl
