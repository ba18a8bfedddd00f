#include <gtest/gtest.h>

#include "storage/block/block_codec.h"
#include "tests/unit/storage/block/index_maker.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

using testing::MakeIndex;

RecordBatch SomeRecords() {
  RecordBatch batch;
  for (int i = 0; i < 60; ++i) {
    Record& record = testing::AddRecord(
        batch, "user=bob took " + std::to_string(i * 70'000) + " us of a7" + std::to_string(i), i);
    record.procid = batch.arena().Copy(std::to_string(i));
  }
  testing::NumberFrom(batch, 1);
  return batch;
}

TEST(IndexDamage, EveryFlippedBitAndEveryPrefixIsRefused) {
  RecordBatch batch = SomeRecords();
  const std::string octets = MakeIndex(batch.records()).index;
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    auto damaged = std::make_shared<std::string>(octets);
    (*damaged)[bit / 8] = static_cast<char>((*damaged)[bit / 8] ^ (1 << bit % 8));
    ASSERT_FALSE(OpenBlockIndex(damaged, [](std::size_t) { return std::nullopt; })) << "bit " << bit;
  }
  for (std::size_t size = 0; size < octets.size(); ++size)
    ASSERT_FALSE(OpenBlockIndex(std::make_shared<const std::string>(octets.substr(0, size)),
                                [](std::size_t) { return std::nullopt; }));
}

TEST(IndexDamage, NewerVersionIsNamedAsSuch) {
  RecordBatch batch = SomeRecords();
  std::string octets = MakeIndex(batch.records()).index;
  octets[4] = 3;
  EXPECT_EQ(OpenBlockIndex(std::make_shared<const std::string>(octets), {}).error(),
            make_error_code(StoreErrc::kTooNew));
}

// Whether the index denies a word, an address or a value that the records have.
bool DeniesAny(const SealedBlock& block, const ReadChunk& read) {
  const auto index = OpenBlockIndex(std::make_shared<const std::string>(block.index), read);
  for (int i = 0; i < 60; ++i) {
    if (!(*index)->MayHoldWord(std::to_string(i * 70'000)) ||
        !(*index)->MayHoldWord("a7" + std::to_string(i)))
      return true;
    if (!(*index)->MayHoldValue(Column::kProcid, std::to_string(i))) return true;
  }
  return !(*index)->MayHoldWord("bob");
}

TEST(IndexDamage, DamagedChunksMayHoldEverything) {
  RecordBatch batch = SomeRecords();
  const SealedBlock block = MakeIndex(batch.records());
  EXPECT_FALSE(DeniesAny(block, testing::ChunksOf(block)));
  EXPECT_FALSE(DeniesAny(block, [](std::size_t) { return std::nullopt; })) << "unreadable";
  EXPECT_FALSE(DeniesAny(block, [](std::size_t) { return std::string(); })) << "emptied";
  EXPECT_FALSE(DeniesAny(block, [&](std::size_t i) { return block.chunks[(i + 1) % kWordChunks]; }))
      << "mixed up";
  for (std::size_t octet = 0; octet < block.chunks[3].size(); ++octet) {
    const ReadChunk flipped = [&](std::size_t i) {
      std::string chunk = block.chunks[i];
      if (octet < chunk.size()) chunk[octet] = static_cast<char>(~chunk[octet]);
      return chunk;
    };
    ASSERT_FALSE(DeniesAny(block, flipped)) << octet;
  }
}

TEST(IndexDamage, IndexIsMadeAgainFromTheData) {
  RecordBatch batch = SomeRecords();
  BlockEncoder encoder;
  const auto data = std::make_shared<const std::string>(encoder.Encode(std::vector<RecordBatch*>{&batch}));
  const auto again = IndexAgain(data);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->summary.records, 60u);
  EXPECT_FALSE(DeniesAny(*again, testing::ChunksOf(*again)));
}

// Octet for octet what the sealer made, whatever form the columns have in the data.
TEST(IndexDamage, SealedIndexIsMadeAgainAsItWas) {
  std::mt19937_64 random(9);
  for (const int records : {1, 10, 18, 30, 3000}) {  // few: peers are no dictionary
    RecordBatch batch;
    for (int i = 0; i < records; ++i) {
      if (random() % 3 == 0) {
        testing::AddRandomRecord(batch, random);
        continue;
      }
      Record& record = testing::AddRecord(
          batch,
          "from 10.0." + std::to_string(random() % 9) + ".1 in " + std::to_string(random() % 99999) + "ms",
          i);
      record.procid = batch.arena().Copy(std::to_string(i));
      record.structured_data = batch.arena().Copy("[meta sequenceId=\"" + std::to_string(i) + "\"]");
    }
    testing::NumberFrom(batch, 1);
    const std::span<const Record> parts[] = {batch.records()};
    const SealedBlock sealed = BlockSealer().Seal(parts);
    const auto again = IndexAgain(sealed.data);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->index, sealed.index) << records;
    EXPECT_EQ(again->chunks, sealed.chunks) << records;
  }
}

TEST(IndexDamage, IndexOfDamagedDataIsRefused) {
  RecordBatch batch = SomeRecords();
  BlockEncoder encoder;
  const std::string data(encoder.Encode(std::vector<RecordBatch*>{&batch}));
  for (std::size_t i = 0; i < data.size(); i += 7) {
    std::string damaged = data;
    damaged[i] = static_cast<char>(~damaged[i]);
    EXPECT_FALSE(IndexAgain(std::make_shared<const std::string>(damaged))) << i;
  }
}

}  // namespace
}  // namespace cistern
