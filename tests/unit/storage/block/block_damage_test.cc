#include <gtest/gtest.h>

#include "storage/block/block_codec.h"
#include "storage/block/header.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

std::string SomeBlob(int rows) {
  RecordBatch batch;
  std::mt19937_64 random(11);
  for (int i = 0; i < rows; ++i) testing::AddRandomRecord(batch, random);
  testing::NumberFrom(batch, 1);
  BlockEncoder encoder;
  return std::string(encoder.Encode(std::vector<RecordBatch*>{&batch}));
}

TEST(BlockDamage, EveryFlippedBitIsNoticedAsDamage) {
  const std::string blob = SomeBlob(12);
  for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
    std::string damaged = blob;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(CheckBlock(damaged).error(), make_error_code(StoreErrc::kCorrupt)) << "bit " << bit;
  }
}

TEST(BlockDamage, EveryPrefixIsRefused) {
  const std::string blob = SomeBlob(40);
  for (std::size_t n = 0; n < blob.size(); ++n) EXPECT_FALSE(VerifyBlock(blob.substr(0, n))) << n;
  EXPECT_FALSE(VerifyBlock(blob + '\0'));
}

TEST(BlockDamage, NewerVersionIsNamedAsSuch) {
  BlockHeader header{.version = 3,
                     .summary = {.records = 1, .first_id = RecordId{1}, .last_id = RecordId{1}}};
  ByteBuffer blob;
  WriteBlock(header, blob);
  EXPECT_EQ(OpenBlock(std::make_shared<const std::string>(blob.view())).error(),
            make_error_code(StoreErrc::kTooNew));
}

TEST(BlockDamage, DamagedColumnReadsAsEmptyAndIsReported) {
  std::string blob = SomeBlob(2000);
  const BlockHeader header = *ReadBlockHeader(blob);
  const ColumnEntry& message = *header.Find(ColumnId::kMessage);
  ASSERT_FALSE(message.in_header);
  blob[static_cast<std::size_t>(message.offset) + 100] ^= 1;
  auto view = OpenBlock(std::make_shared<const std::string>(blob));
  ASSERT_TRUE(view.has_value());
  (void)(*view)->Strings(Column::kHostname);
  EXPECT_FALSE((*view)->damaged());
  EXPECT_EQ((*view)->Strings(Column::kMessage)[1999], "");
  EXPECT_TRUE((*view)->damaged());
  EXPECT_FALSE(CheckBlock(blob));
}

// Writes a blob whose checksums are right and whose one column claims what it likes.
Result<void> VerifyColumn(ColumnId id, Codec codec, std::string_view payload, bool compressed = false,
                          std::uint64_t raw_length = 0) {
  BlockHeader header;
  header.summary = {.records = 3, .first_id = RecordId{1}, .last_id = RecordId{3}};
  header.columns.push_back(
      {.id = id, .codec = codec, .compressed = compressed, .raw_length = raw_length, .stored = payload});
  ByteBuffer out;
  WriteBlock(header, out);
  return VerifyBlock(out.view());
}

TEST(BlockDamage, LyingPayloadsAreRefused) {
  using std::string_view;
  const auto bytes = [](const char* text, std::size_t size) { return string_view(text, size); };
  EXPECT_TRUE(VerifyColumn(ColumnId::kPort, Codec::kConstant, bytes("\x04", 1)));
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kConstant, "")) << "no value";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kConstant, bytes("\x04\x04", 2))) << "two values";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kFixed,
                            bytes("\x00\x01"
                                  "ab",
                                  4)))
      << "two of three rows";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kFixed,
                            bytes("\x00\x03"
                                  "abcdefghi",
                                  11)))
      << "width 3";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kDelta, bytes("\xff\xff\xff", 3))) << "unfinished varint";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kIntDictionary, bytes("\x01\x02\x00\x01\x00", 5)))
      << "code 1 of 1";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, Codec::kStrings, bytes("\x03\x00\x00\x00", 4))) << "wrong kind";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPort, static_cast<Codec>(0x3f), "abc")) << "unknown codec";
  EXPECT_TRUE(VerifyColumn(ColumnId::kMessage, Codec::kStrings,
                           bytes("\x03\x01\x00\x00"
                                 "a",
                                 5)));
  EXPECT_FALSE(VerifyColumn(ColumnId::kMessage, Codec::kStrings,
                            bytes("\x03\x7f\x00\x00"
                                  "a",
                                  5)))
      << "past the end";
  EXPECT_FALSE(VerifyColumn(ColumnId::kMessage, Codec::kStrings,
                            bytes("\x03\x01\x00\x00"
                                  "ab",
                                  6)))
      << "left over";
  EXPECT_FALSE(VerifyColumn(ColumnId::kMessage, Codec::kStrings,
                            bytes("\x02\x01\x00"
                                  "a",
                                  4)))
      << "two lengths";
  EXPECT_FALSE(VerifyColumn(ColumnId::kHostname, Codec::kDictionary, bytes("\x00\x00", 2))) << "no value";
  EXPECT_FALSE(VerifyColumn(ColumnId::kHostname, Codec::kDictionary,
                            bytes("\x02\x02\x01\x01"
                                  "ab\x00\x01\x02",
                                  9)))
      << "code 2 of 2";
  EXPECT_FALSE(VerifyColumn(ColumnId::kPeer, Codec::kDictionary,
                            bytes("\x01\x01\x03"
                                  "abc",
                                  6)))
      << "no address";
  EXPECT_FALSE(VerifyColumn(ColumnId::kTimeUnit, Codec::kConstant, bytes("\x0e", 1))) << "unit 7";
  EXPECT_FALSE(VerifyColumn(ColumnId::kMessage, Codec::kStrings, "not zstd", true, 100));
  EXPECT_FALSE(VerifyColumn(ColumnId::kMessage, Codec::kStrings, "bomb", true, std::uint64_t{1} << 40));
}

TEST(BlockDamage, UnknownColumnsOfTheSameVersionAreIgnored) {
  EXPECT_TRUE(VerifyColumn(static_cast<ColumnId>(200), Codec::kStrings, "anything"));
}

}  // namespace
}  // namespace cistern
