#include <gtest/gtest.h>

#include "ingest/message/record.h"
#include "storage/block/int_codec.h"
#include "storage/block/string_codec.h"
#include "storage/block/time_codec.h"

namespace cistern {
namespace {

struct IntCase {
  const char* name;
  std::vector<std::int64_t> values;
  Codec fixed;         // what EncodeFixed chooses
  std::size_t octets;  // and how long it is
};

class IntCodec : public ::testing::TestWithParam<IntCase> {};

TEST_P(IntCodec, TakesTheNarrowestFormAndComesBack) {
  const std::vector<std::int64_t>& values = GetParam().values;
  ByteBuffer out;
  EXPECT_EQ(EncodeFixed(values, out), GetParam().fixed);
  EXPECT_EQ(out.size(), GetParam().octets);
  std::vector<std::int64_t> back;
  EXPECT_TRUE(DecodeInts(GetParam().fixed, out.view(), values.size(), back));
  EXPECT_EQ(back, values);
  for (const auto encode :
       {EncodeDelta, EncodeVarints, EncodeIntDictionary, EncodePacked, EncodePackedIntDictionary}) {
    out.Clear();
    const Codec codec = encode(values, out);
    EXPECT_TRUE(DecodeInts(codec, out.view(), values.size(), back));
    EXPECT_EQ(back, values);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, IntCodec,
    ::testing::Values(IntCase{"OneValue", {5}, Codec::kConstant, 1},
                      IntCase{"AllEqual", {7, 7, 7}, Codec::kConstant, 1},
                      IntCase{"OneOctet", {100, 355, 200}, Codec::kFixed, 2 + 1 + 3},
                      IntCase{"TwoOctets", {0, 256}, Codec::kFixed, 1 + 1 + 4},
                      IntCase{"FourOctets", {-1, 65535}, Codec::kFixed, 1 + 1 + 8},
                      IntCase{"EightOctets", {0, std::int64_t{1} << 32}, Codec::kFixed, 1 + 1 + 16},
                      IntCase{"WholeRange", {INT64_MIN, INT64_MAX, 0}, Codec::kFixed, 10 + 1 + 24}),
    [](const auto& info) { return info.param.name; });

TEST(IntDictionary, FallsBackWhenThereAreTooManyValues) {
  std::vector<std::int64_t> values, back;
  for (int i = 0; i < 257; ++i) values.push_back(i * 1'000'000);
  ByteBuffer out;
  EXPECT_EQ(EncodeIntDictionary(values, out), Codec::kFixed);
  EXPECT_TRUE(DecodeInts(Codec::kFixed, out.view(), values.size(), back));
  EXPECT_EQ(back, values);
  values.pop_back();
  out.Clear();
  EXPECT_EQ(EncodeIntDictionary(values, out), Codec::kIntDictionary);
  EXPECT_TRUE(DecodeInts(Codec::kIntDictionary, out.view(), values.size(), back));
  EXPECT_EQ(back, values);
}

TEST(DictionaryColumn, WritesStringsPlainWhenMostDiffer) {
  DictionaryColumn column;
  std::vector<std::string> texts;
  for (int i = 0; i < 100; ++i) texts.push_back(std::to_string(i));
  for (const std::string& text : texts) column.Add(text);
  ByteBuffer out;
  EXPECT_EQ(column.Encode(out), Codec::kStrings);
  column.Clear();
  for (int i = 0; i < 3; ++i)
    for (const std::string& text : texts) column.Add(text);
  out.Clear();
  EXPECT_EQ(column.Encode(out), Codec::kDictionary);
}

TEST(DictionaryColumn, WideCodesComeBack) {
  DictionaryColumn column;
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.push_back("host-" + std::to_string(i % 500));
  for (const std::string& text : texts) column.Add(text);
  ByteBuffer out;
  ASSERT_EQ(column.Encode(out), Codec::kDictionary);
  std::vector<std::string_view> values;
  std::vector<std::uint32_t> codes;
  ASSERT_TRUE(DecodeStrings(Codec::kDictionary, out.view(), texts.size(), values, codes));
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(values[codes[i]], texts[i]);
}

TEST(DictionaryColumn, PackedCodesComeBackInAnyOrder) {
  for (const std::size_t distinct : {1u, 2u, 3u, 256u, 257u, 5000u}) {
    DictionaryColumn column;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 10000; ++i) texts.push_back(std::to_string(i % distinct));
    for (const std::string& text : texts) column.Add(text);
    const std::vector<std::uint32_t> reversed(column.codes().rbegin(), column.codes().rend());
    for (const bool packed : {false, true}) {
      ByteBuffer out;
      const Codec codec = packed ? column.EncodePacked(reversed, out) : column.Encode(reversed, out);
      std::vector<std::string_view> values;
      std::vector<std::uint32_t> codes;
      ASSERT_TRUE(DecodeStrings(codec, out.view(), texts.size(), values, codes));
      for (std::size_t i = 0; i < texts.size(); ++i)
        ASSERT_EQ(values[codes[i]], texts[texts.size() - 1 - i]) << distinct;
    }
  }
}

TEST(TimeColumn, WholeSecondsBehindTheClockCostNothing) {
  TimeColumn column;
  column.Clear();
  std::vector<std::int64_t> received, back(50);
  for (int i = 0; i < 50; ++i) received.push_back(1'790'000'000'000'000'000 + std::int64_t{i} * 123'456'789);
  for (const std::int64_t at : received) column.Add(at / 1'000'000'000 * 1'000'000'000, at);
  for (const std::int64_t delta : column.deltas()) EXPECT_EQ(delta, 0);
  EXPECT_TRUE(DecodeTimes(column.units(), column.deltas(), received, back));
  for (std::size_t i = 0; i < back.size(); ++i)
    EXPECT_EQ(back[i], received[i] / 1'000'000'000 * 1'000'000'000);
}

TEST(TimeColumn, MissingAndLeftOverDeltasAreRefused) {
  const std::vector<std::int64_t> units = {1, 0}, received = {0, 0}, one = {5}, two = {5, 6};
  std::vector<std::int64_t> out(2);
  EXPECT_TRUE(DecodeTimes(units, one, received, out));
  EXPECT_EQ(out[1], kNoTime);
  EXPECT_FALSE(DecodeTimes(units, {}, received, out));
  EXPECT_FALSE(DecodeTimes(units, two, received, out));
}

}  // namespace
}  // namespace cistern
