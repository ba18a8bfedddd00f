// Single rows of sealed blocks, read without decoding columns.
#include <gtest/gtest.h>

#include <algorithm>

#include "storage/block/code_ranks.h"
#include "storage/block/header.h"
#include "storage/block/sealed_block.h"
#include "storage/block/stored_ints.h"
#include "tests/unit/storage/block/log_records.h"
#include "tests/unit/storage/block/same_record.h"

namespace cistern {
namespace {

std::shared_ptr<const std::string> Seal(const RecordBatch& batch) {
  const std::span<const Record> parts[] = {batch.records()};
  return BlockSealer().Seal(parts).data;
}

void ExpectRow(StoredBatch& view, const RecordBatch& batch, std::size_t row) {
  const Record got = view.Row(row);
  const Record& want = batch.records()[row];
  ExpectSame(got, want);
  if (want.shape.code == kShapeRaw) EXPECT_EQ(got.raw, want.raw);
}

// A few rows at once, scattered, backwards and again, until all columns are decoded.
void ExpectRows(const RecordBatch& batch, std::mt19937_64& random) {
  const auto blob = Seal(batch);
  for (int round = 0; round < 3; ++round) {
    const auto view = std::move(*OpenBlock(blob));
    for (int i = 0; i < 5; ++i) ExpectRow(*view, batch, random() % batch.size());
    const std::size_t start = random() % batch.size();
    for (std::size_t i = 0; i <= std::min<std::size_t>(start, 200); ++i) ExpectRow(*view, batch, start - i);
    for (std::size_t i = 0; i < 20; ++i) ExpectRow(*view, batch, std::min(start + 3 * i, batch.size() - 1));
    for (int i = 0; i < 400; ++i) ExpectRow(*view, batch, random() % batch.size());
    EXPECT_FALSE(view->damaged());
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(RowReader, LogLinesAreReadWhereTheyLie) {
  for (const std::size_t rows : {1u, 2u, 70u, 900u, 20000u}) {
    std::mt19937_64 random(rows);
    RecordBatch batch;
    for (std::size_t i = 0; i < rows; ++i) testing::AddLogRecord(batch, random, i);
    testing::NumberFrom(batch, 5);
    ExpectRows(batch, random);
    ASSERT_FALSE(HasFailure()) << rows;
  }
}

TEST(RowReader, RandomRecordsAreReadWhereTheyLie) {
  for (std::uint64_t seed = 0; seed < 25; ++seed) {
    std::mt19937_64 random(seed);
    RecordBatch batch;
    const std::size_t rows = 1 + random() % 1500;
    for (std::size_t i = 0; i < rows; ++i) testing::AddRandomRecord(batch, random);
    testing::NumberFrom(batch, 1 + random() % (std::uint64_t{1} << 62));
    ExpectRows(batch, random);
    ASSERT_FALSE(HasFailure()) << seed;
  }
}

// Columns whose values differ too much for dictionaries, and orders that cannot be counted in few codes.
TEST(RowReader, ColumnsWithoutDictionaryAreReadAsWell) {
  std::mt19937_64 random(4);
  RecordBatch batch;
  for (std::size_t i = 0; i < 3000; ++i) {
    testing::AddLogRecord(batch, random, i);
    Record& record = batch.records().back();
    record.hostname = batch.arena().Copy("h" + std::to_string(random() % 1400));
    record.app_name = batch.arena().Copy("a" + std::to_string(i));
    record.procid = batch.arena().Copy(std::to_string(i * 3));
    record.msgid = batch.arena().Copy("m" + std::to_string(random()));
    record.shape.utc_offset_minutes = static_cast<std::int16_t>(random() % 1000);
    record.received += static_cast<std::int64_t>(random() % 1'000'000'000);
    record.port = static_cast<std::uint16_t>(random());
    record.flags = static_cast<std::uint32_t>(random());
  }
  testing::NumberFrom(batch, 1);
  ExpectRows(batch, random);
}

TEST(RowReader, DamagedColumnsReadAsEmptyAndAreReported) {
  std::mt19937_64 random(6);
  RecordBatch batch;
  for (std::size_t i = 0; i < 20000; ++i) testing::AddLogRecord(batch, random, i);
  testing::NumberFrom(batch, 1);
  const std::string blob = *Seal(batch);
  const BlockHeader header = *ReadBlockHeader(blob);
  for (const ColumnEntry& entry : header.columns) {
    if (entry.in_header) continue;
    std::string damaged = blob;
    damaged[static_cast<std::size_t>(entry.offset + entry.length / 2)] ^= 4;
    const auto view = std::move(*OpenBlock(std::make_shared<const std::string>(damaged)));
    for (std::size_t row = 0; row < batch.size(); row += 97) view->Row(row);
    EXPECT_TRUE(view->damaged()) << static_cast<int>(entry.id);
  }
}

TEST(CodeRanks, CountsAsSortingWould) {
  std::mt19937_64 random(1);
  for (const std::size_t rows : {1u, 63u, 64u, 65u, 1000u}) {
    std::vector<std::uint16_t> codes(rows);
    for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(random() % 5 * 9000);
    std::vector<std::size_t> sorted(rows);
    for (std::size_t i = 0; i < rows; ++i) sorted[i] = i;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [&](std::size_t a, std::size_t b) { return codes[a] < codes[b]; });
    CodeRanks<std::uint16_t> ranks;
    ranks.Set(codes);
    for (std::size_t place = rows; place-- > 0;) ASSERT_EQ(ranks.Place(sorted[place]), place) << rows;
    for (int i = 0; i < 100; ++i) {
      const std::size_t place = random() % rows;
      ASSERT_EQ(ranks.Place(sorted[place]), place) << rows;
    }
  }
}

TEST(StoredInts, CodesBeyondTheirBoundAreRefused) {
  const std::string octets({0, 1, 1, 2, 4});  // base 0, one octet each
  StoredInts ints;
  ASSERT_TRUE(ints.Open(Codec::kFixed, octets, 3));
  std::vector<std::uint16_t> codes;
  EXPECT_TRUE(ints.Codes(5, codes));
  EXPECT_EQ(codes, (std::vector<std::uint16_t>{1, 2, 4}));
  EXPECT_FALSE(ints.Codes(4, codes));
  EXPECT_FALSE(StoredInts().Open(Codec::kFixed, octets, 4));
  EXPECT_FALSE(StoredInts().Open(Codec::kPacked, octets, 2));
}

TEST(StoredInts, NegativeCodesAreRefused) {
  const std::string octets({5, 1, 0, 9});  // base -3
  StoredInts ints;
  ASSERT_TRUE(ints.Open(Codec::kFixed, octets, 2));
  std::vector<std::uint8_t> codes;
  EXPECT_FALSE(ints.Codes(200, codes));
}

}  // namespace
}  // namespace cistern
