#include "storage/block/word_filter.h"

#include <gtest/gtest.h>

#include <random>

#include "storage/block/decimal.h"

namespace cistern {
namespace {

constexpr std::uint64_t kSeed = 42;

std::vector<WordKey> RandomKeys(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<WordKey> keys(count);
  for (WordKey& key : keys) key = random();
  return keys;
}

IntegerPage EvenNumbers(std::uint64_t number) {
  IntegerPage page{.number = number};
  page.bits.fill(0x5555555555555555u);
  return page;
}

TEST(Decimal, TakesWhatPrintsBackIdentically) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t number = random() % 10'000'000'000'000'000 >> random() % 54;
    std::uint64_t value = 0;
    ASSERT_TRUE(ReadDecimal(std::to_string(number), value)) << number;
    ASSERT_EQ(value, number);
  }
}

TEST(Decimal, LeavesEverythingElse) {
  for (const std::string_view text : {"", "00", "01", "0123456789", "-1", "+1", "1a", "a1", "1.0", " 1", "1 ",
                                      "12345678:", "/2345678", "\xb1",
                                      "1\xb2"
                                      "3",
                                      "12345678901234567", "1234567890123456a", "9999999999999999999"}) {
    std::uint64_t value = 0;
    EXPECT_FALSE(ReadDecimal(text, value)) << text;
  }
}

TEST(WordFilter, EmptyFilterHoldsNothing) {
  EXPECT_EQ(BloomOctets(0), 0u);
  EXPECT_FALSE(BloomMayHold({}, 123));
  EXPECT_EQ(WriteChunk(3, kSeed, {}, {}), "");
}

TEST(WordFilter, FilterThatIsCutOffMayHoldEverything) {
  for (const std::size_t size : {1u, 31u, 33u, 63u})
    EXPECT_TRUE(BloomMayHold(std::string(size, '\0'), 123)) << size;
}

TEST(WordFilter, EveryKeyMayBeHeldAndFewOthers) {
  for (const std::size_t count : {1u, 7u, 300u, 5000u}) {
    const std::vector<WordKey> keys = RandomKeys(count, count);
    const std::string octets = WriteChunk(5, kSeed, keys, {});
    const auto chunk = WordChunk::Open(octets, 5, kSeed);
    ASSERT_TRUE(chunk.has_value());
    for (const WordKey key : keys) ASSERT_TRUE(chunk->MayHold(key));
    int wrong = 0;
    for (const WordKey key : RandomKeys(100'000, 99)) wrong += chunk->MayHold(key);
    EXPECT_LT(wrong, 400) << count << " keys";  // 130 expected
  }
}

TEST(WordFilter, PagesAreExact) {
  const IntegerPage low = EvenNumbers(2), high = EvenNumbers(std::uint64_t{1} << 40);
  const IntegerPage* const pages[] = {&low, &high};
  const std::string octets = WriteChunk(0, kSeed, {}, pages);
  const auto chunk = WordChunk::Open(octets, 0, kSeed);
  ASSERT_TRUE(chunk.has_value());
  for (const IntegerPage* page : pages) {
    const std::uint64_t base = page->number * IntegerPage::kValues;
    for (std::uint64_t i = 0; i < IntegerPage::kValues; ++i)
      ASSERT_EQ(chunk->HoldsInteger(base + i), i % 2 == 0) << base + i;
  }
  EXPECT_FALSE(chunk->HoldsInteger(3 * IntegerPage::kValues));
  EXPECT_FALSE(chunk->MayHold(KeyOfInteger(2 * IntegerPage::kValues, kSeed)));
}

TEST(WordFilter, IntegersOfOnePageShareAChunk) {
  for (std::uint64_t page = 0; page < 100; ++page) {
    const std::size_t chunk = ChunkOf(KeyOfInteger(page * IntegerPage::kValues, kSeed));
    for (std::uint64_t i = 0; i < IntegerPage::kValues; i += 97)
      ASSERT_EQ(ChunkOf(KeyOfInteger(page * IntegerPage::kValues + i, kSeed)), chunk);
  }
}

TEST(WordFilter, SpacesDoNotMeet) {
  const WordKey word = KeyOf(KeySpace::kWord, "a1", kSeed);
  EXPECT_NE(word, KeyOf(KeySpace::kAddress, "a1", kSeed));
  EXPECT_NE(word, KeyOf(SpaceOf(Column::kProcid), "a1", kSeed));
  EXPECT_NE(KeyOf(SpaceOf(Column::kTags), "a1", kSeed), KeyOf(SpaceOf(Column::kProcid), "a1", kSeed));
  EXPECT_NE(word, KeyOf(KeySpace::kWord, "a1", kSeed + 1));
}

TEST(WordFilter, DamagedChunksAreNoticed) {
  const IntegerPage page = EvenNumbers(2);
  const IntegerPage* const pages[] = {&page};
  const std::string octets = WriteChunk(7, kSeed, RandomKeys(20, 1), pages);
  EXPECT_TRUE(CheckChunk(octets));
  EXPECT_TRUE(CheckChunk(""));
  EXPECT_FALSE(WordChunk::Open(octets, 6, kSeed)) << "another chunk";
  EXPECT_FALSE(WordChunk::Open(octets, 7, kSeed + 1)) << "another block";
  for (std::size_t i = 0; i < octets.size(); ++i) {
    std::string damaged = octets;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    ASSERT_FALSE(CheckChunk(damaged)) << i;
  }
  for (std::size_t i = 1; i < octets.size(); ++i) ASSERT_FALSE(CheckChunk(octets.substr(0, i))) << i;
  EXPECT_FALSE(CheckChunk(octets + '\0'));
}

}  // namespace
}  // namespace cistern
