#include "ingest/framing/frame_decoder.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace cistern {
namespace {

using namespace std::string_literals;

struct Got {
  std::string octets;
  std::string marks;  // c: counted, t: truncated, p: partial

  bool operator==(const Got&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Got& got) {
  return out << ::testing::PrintToString(got.octets) << "/" << got.marks;
}

Got ToGot(const Frame& frame) {
  return {std::string(frame.octets),
          (frame.counted ? "c"s : ""s) + (frame.truncated ? "t" : "") + (frame.partial ? "p" : "")};
}

struct Outcome {
  std::vector<Got> frames;
  bool failed = false;
};

// Feeds `stream` in pieces of the given sizes (the last size repeats).
Outcome Decode(const FrameOptions& options, std::string_view stream, const std::vector<std::size_t>& pieces) {
  FrameDecoder decoder(options);
  Outcome outcome;
  for (std::size_t i = 0; !stream.empty() && !decoder.failed(); ++i) {
    // A copy of exactly this size, so that the address sanitizer sees every octet read too far.
    const std::string_view cut = stream.substr(0, pieces[std::min(i, pieces.size() - 1)]);
    const std::vector<char> piece(cut.begin(), cut.end());
    stream.remove_prefix(cut.size());
    decoder.Feed({piece.data(), piece.size()});
    while (const auto frame = decoder.Next()) outcome.frames.push_back(ToGot(*frame));
    EXPECT_LE(decoder.buffered_bytes(), std::max<std::size_t>(options.max_message, 10));
  }
  while (const auto frame = decoder.Finish()) outcome.frames.push_back(ToGot(*frame));
  outcome.failed = decoder.failed();
  return outcome;
}

constexpr Framing kOctet = Framing::kOctetCounting;

struct FramingCase {
  const char* name;
  std::string stream;
  std::vector<Got> frames;
  FrameOptions options = {.framing = Framing::kAuto, .trailer = Trailer::kLf};
  bool failed = false;
};

FrameOptions With(Trailer trailer, Framing framing = Framing::kAuto) {
  return {.framing = framing, .trailer = trailer};
}
FrameOptions Max(std::size_t max_message, std::size_t max_frame = 200'000) {
  return {.trailer = Trailer::kLf, .max_message = max_message, .max_frame = max_frame};
}

const FramingCase kCases[] = {
    {"F1DigitBeginsCount", "3 abc", {{"abc", "c"}}},
    {"F1AngleBracketBeginsLine", "<13>a\n", {{"<13>a", ""}}},
    {"F1ZeroBeginsLine", "03 abc\n", {{"03 abc", ""}}},
    {"F1JudgedPerFrame", "3 abc<13>x\n2 de", {{"abc", "c"}, {"<13>x", ""}, {"de", "c"}}},
    {"F1LineFramingNeverCounts", "3 abc\n", {{"3 abc", ""}}, With(Trailer::kLf, Framing::kLine)},
    {"F2TenDigitsFit", "0000000001\n", {{"0000000001", ""}}},
    {"F2TenDigitCount",
     "1000000000 a\n",
     {{"1000000000 a", ""}},
     {.trailer = Trailer::kLf, .max_frame = 999'999'999}},
    {"F2ElevenDigitsAreALine", "10000000000 a\n3 abc", {{"10000000000 a", ""}, {"abc", "c"}}},
    {"F2CountAtMaxFrame", "9 123456789", {{"123456789", "c"}}, Max(64, 9)},
    {"F2CountAboveMaxFrame", "10 12345678\n", {{"10 12345678", ""}}, Max(64, 9)},
    {"F2NoSpace", "3abc\n", {{"3abc", ""}}},
    {"F2TabIsNoSpace", "3\tabc\n", {{"3\tabc", ""}}},
    {"F2SecondSpaceIsPayload", "3  ab1 c", {{" ab", "c"}, {"c", "c"}}},
    {"F2DigitsThenLineEnd", "12\n13\r\n", {{"12", ""}, {"13", ""}}},
    {"F2DigitsOnlyAtEnd", "12", {{"12", "p"}}},
    {"F2FarAbove64Bits", "99999999999999999999999999 a\n", {{"99999999999999999999999999 a", ""}}},
    {"F3PayloadIsExact", "5 a\n\0\r\n2 b\n"s, {{"a\n\0\r\n"s, "c"}, {"b\n", "c"}}},
    {"F3AtMaxMessage", "4 abcd1 x", {{"abcd", "c"}, {"x", "c"}}, Max(4)},
    {"F3AboveMaxMessage", "5 abcde1 x", {{"abcd", "ct"}, {"x", "c"}}, Max(4)},
    {"F3FarAboveMaxMessage", "20 " + std::string(20, 'y') + "1 x", {{"yyyy", "ct"}, {"x", "c"}}, Max(4)},
    {"F4CrBeforeLfIsDropped", "a\r\nb\n", {{"a", ""}, {"b", ""}}},
    {"F4OnlyOneCrIsDropped", "a\r\r\n", {{"a\r", ""}}},
    {"F4CrInsideStays", "a\rb\n", {{"a\rb", ""}}},
    {"F4LineAtMax", "abcd\nx\n", {{"abcd", ""}, {"x", ""}}, Max(4)},
    {"F4LineAtMaxWithCr", "abcd\r\nx\n", {{"abcd", ""}, {"x", ""}}, Max(4)},
    {"F4LineAboveMax", "abcde\nx\n", {{"abcd", "t"}, {"x", ""}}, Max(4)},
    {"F4FalseCountAboveMax", "123456789012\nx\n", {{"1234", "t"}, {"x", ""}}, Max(4)},
    {"F5EmptyLines", "\n\r\na\n\n\nb\n", {{"a", ""}, {"b", ""}}},
    {"F5LineEndsBetweenCounted", "1 a\n1 b\r\n1 c", {{"a", "c"}, {"b", "c"}, {"c", "c"}}},
    {"F5LineEndsBetweenCountedWithNulTrailer",
     "1 a\n1 b\r\n1 c",
     {{"a", "c"}, {"b", "c"}, {"c", "c"}},
     With(Trailer::kNul)},
    {"F6UnfinishedLine", "a\nb", {{"a", ""}, {"b", "p"}}},
    {"F6UnfinishedCounted", "5 abc", {{"abc", "cp"}}},
    {"F6UnfinishedOversizeCounted", "9 abcdef", {{"abcd", "ctp"}}, Max(4)},
    {"F6CountWithoutPayload", "5 ", {}},
    {"F7NulIsDataWithLf", "a\0<13>b\n"s, {{"a\0<13>b"s, ""}}},
    {"F7NulTrailer", "a\nb\0c\0"s, {{"a\nb", ""}, {"c", ""}}, With(Trailer::kNul)},
    {"F7NulTrailerKeepsLeadingLf", "\nb\0"s, {{"\nb", ""}}, With(Trailer::kNul)},
    {"F7LfOrNul", "a\nb\0c\r\n\0d"s, {{"a", ""}, {"b", ""}, {"c", ""}, {"d", "p"}}, With(Trailer::kLfOrNul)},
    {"F7AutoNulBeforePri", "a\0<13>b\0"s, {{"a", ""}, {"<13>b", ""}}, With(Trailer::kAuto)},
    {"F7AutoNulBeforeCount", "a\0001 b"s, {{"a", ""}, {"b", "c"}}, With(Trailer::kAuto)},
    {"F7AutoNulBeforeText", "a\0b\n"s, {{"a\0b"s, ""}}, With(Trailer::kAuto)},
    {"F7AutoNulBeforeZero", "a\0000\n"s, {{"a\0000"s, ""}}, With(Trailer::kAuto)},
    {"F7AutoNulAtEnd", "a\0"s, {{"a", ""}}, With(Trailer::kAuto)},
    {"F7AutoLoneNuls", "\0<1>a\0"s, {{"<1>a", ""}}, With(Trailer::kAuto)},
    {"F7AutoNulAndLf", "a\0<1>b\n<1>c\0"s, {{"a", ""}, {"<1>b", ""}, {"<1>c", ""}}, With(Trailer::kAuto)},
    {"F7AutoDataNulThenEnd", "a\0b\0<1>c"s, {{"a\0b"s, ""}, {"<1>c", "p"}}, With(Trailer::kAuto)},
    {"F7AutoNulBehindOversizeLine",
     "abcdefg\0<1>\0"s,
     {{"abcd", "t"}, {"<1>", ""}},
     {.trailer = Trailer::kAuto, .max_message = 4}},
    {"F8GarbageFails", "3 abcx1 y", {{"abc", "c"}}, With(Trailer::kLf, kOctet), true},
    {"F8BadCountFails", "3x", {}, With(Trailer::kLf, kOctet), true},
    {"F8LeadingZeroFails", "03 abc", {}, With(Trailer::kLf, kOctet), true},
    {"F8HugeCountFails", "99999999 abc", {}, With(Trailer::kLf, kOctet), true},
    {"F8LineEndsBetweenCountedAreSkipped",
     "1 a\n1 b\r\n1 c",
     {{"a", "c"}, {"b", "c"}, {"c", "c"}},
     With(Trailer::kLf, kOctet)},
    {"Empty", "", {}},
    // CVE-2018-16881, CVE-2022-24903: rsyslog wrote behind its buffer on long counts.
    {"HundredsOfDigits", std::string(300, '1') + "\n<1>x\n", {{std::string(300, '1'), ""}, {"<1>x", ""}}},
};

class FramingTest : public ::testing::TestWithParam<FramingCase> {};

TEST_P(FramingTest, YieldsTheSameFramesHoweverTheStreamIsCut) {
  const FramingCase& c = GetParam();
  std::vector<std::vector<std::size_t>> ways = {{c.stream.size() + 1}, {1}, {2}, {3}};
  for (std::size_t n = 1; n < std::min<std::size_t>(c.stream.size(), 40); ++n) {
    ways.push_back({n, c.stream.size()});
  }
  for (const auto& pieces : ways) {
    SCOPED_TRACE("first piece " + std::to_string(pieces.front()));
    const Outcome outcome = Decode(c.options, c.stream, pieces);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.failed, c.failed);
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, FramingTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FrameDecoder, WholeFramesAreViewsIntoTheInput) {
  FrameDecoder decoder({});
  const std::string stream = "<13>one\n5 three";
  decoder.Feed(stream);
  EXPECT_EQ(decoder.Next()->octets.data(), stream.data());
  EXPECT_EQ(decoder.Next()->octets.data(), stream.data() + 10);
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
}

TEST(FrameDecoder, PartialFrameIsKeptForNextRead) {
  FrameDecoder decoder({});
  decoder.Feed("<13>on");
  EXPECT_FALSE(decoder.Next());
  EXPECT_TRUE(decoder.in_frame());
  decoder.Feed("e\n");
  EXPECT_EQ(decoder.Next()->octets, "<13>one");
  EXPECT_FALSE(decoder.Next());
  EXPECT_FALSE(decoder.in_frame());
  EXPECT_EQ(decoder.buffered_bytes(), 0u);
}

TEST(FrameDecoder, NothingIsAllocatedByADeclaredSize) {
  FrameDecoder decoder({.max_message = 1u << 30, .max_frame = 4'000'000'000});
  decoder.Feed("3999999999 a");
  EXPECT_FALSE(decoder.Next());
  EXPECT_LE(decoder.buffered_bytes(), 64u);
}

TEST(FrameDecoder, EndlessLineKeepsOnlyMaxMessage) {
  FrameDecoder decoder({.max_message = 1000});
  const std::string piece(777, 'x');
  for (int i = 0; i < 100; ++i) {
    decoder.Feed(piece);
    EXPECT_FALSE(decoder.Next());
    EXPECT_LE(decoder.buffered_bytes(), 1000u);
  }
  decoder.Feed("\n<13>next\n");
  const auto oversize = decoder.Next();
  ASSERT_TRUE(oversize);
  EXPECT_TRUE(oversize->truncated);
  EXPECT_EQ(oversize->octets.size(), 1000u);
  EXPECT_EQ(decoder.Next()->octets, "<13>next");
}

TEST(FrameDecoder, LineWaitingForItsNulToBeJudgedIsNotAPartialFrame) {
  FrameDecoder decoder({});
  const std::string stream = "<13>a\0"s;
  decoder.Feed(stream);
  EXPECT_FALSE(decoder.Next());
  EXPECT_FALSE(decoder.in_frame());
}

TEST(FrameDecoder, FailedStreamYieldsNothingMore) {
  FrameDecoder decoder({.framing = Framing::kOctetCounting});
  decoder.Feed("x3 abc");
  EXPECT_FALSE(decoder.Next());
  EXPECT_TRUE(decoder.failed());
  decoder.Feed("3 abc");
  EXPECT_FALSE(decoder.Next());
  EXPECT_FALSE(decoder.Finish());
}

// A stream of all forms at all sizes around the limit, cut at random.
TEST(FrameDecoder, SizesAroundTheLimitStayInStep) {
  constexpr std::size_t kMax = 64;
  std::string stream;
  std::vector<Got> expected;
  for (std::size_t size = kMax - 2; size <= kMax + 2; ++size) {
    const std::string text(size, 'a' + static_cast<char>(size % 26));
    const std::string mark = size > kMax ? "t" : "";
    stream += std::to_string(size) + " " + text + text + "\r\n" + text + "\n";
    expected.push_back({text.substr(0, kMax), "c" + mark});
    expected.push_back({text.substr(0, kMax), mark});
    expected.push_back({text.substr(0, kMax), mark});
  }
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::size_t> pieces;
    for (std::size_t sum = 0; sum < stream.size(); sum += pieces.back()) pieces.push_back(1 + random() % 90);
    EXPECT_EQ(Decode(Max(kMax), stream, pieces).frames, expected);
  }
}

}  // namespace
}  // namespace cistern
