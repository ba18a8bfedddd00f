#include "storage/block/word_filter.h"

#include <bit>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "storage/block/header.h"

namespace cistern {
namespace {

constexpr std::size_t kBlockOctets = 32;
constexpr std::uint8_t kVersion = 1;
constexpr KeySpace kFirstColumnSpace{16};

struct ChunkHeader {
  std::uint64_t checksum;  // XXH3-64 of all octets that follow
  std::uint64_t seed;
  std::uint8_t version;
  std::uint8_t number;
  std::uint16_t pages;
  std::uint32_t bloom_blocks;
};
static_assert(sizeof(ChunkHeader) == 24);

std::uint64_t Checksum(std::string_view chunk) {
  const std::string_view rest = chunk.substr(sizeof ChunkHeader::checksum);
  return XXH3_64bits(rest.data(), rest.size());
}

bool ChecksumFits(std::string_view chunk, const ChunkHeader& header) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  (void)chunk, (void)header;
  return true;
#else
  return header.checksum == Checksum(chunk);
#endif
}

std::optional<ChunkHeader> ReadHeader(std::string_view chunk, Octets octets) {
  ChunkHeader header;
  if (chunk.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, chunk.data(), sizeof header);
  const std::uint64_t size = sizeof header + header.pages * (sizeof IntegerPage::number + kPageOctets) +
                             std::uint64_t{header.bloom_blocks} * kBlockOctets;
  if (header.version != kVersion || chunk.size() != size) return std::nullopt;
  if (octets == Octets::kUnchecked && !ChecksumFits(chunk, header)) return std::nullopt;
  return header;
}

std::uint64_t SpaceSeed(KeySpace space, std::uint64_t seed) {
  return seed + static_cast<std::uint64_t>(space) * 0x9e3779b97f4a7c15u;
}

std::size_t BlockOf(WordKey key, std::size_t blocks) {
  return static_cast<std::size_t>(((key >> 40 & 0xfffff) * blocks) >> 20);
}

// The bits of words 2i and 2i + 1 of a block.
constexpr std::uint64_t BitsOf(WordKey key, unsigned i) {
  return std::uint64_t{1} << (key >> 10 * i & 31) | std::uint64_t{1} << (32 + (key >> (10 * i + 5) & 31));
}

}  // namespace

// The places of these in `enum Column` are on disk.
static_assert(static_cast<int>(Column::kListener) == 9 && static_cast<int>(Column::kPeer) == 19);

KeySpace SpaceOf(Column column) {
  return static_cast<KeySpace>(static_cast<unsigned>(kFirstColumnSpace) + static_cast<unsigned>(column));
}

WordKey KeyOf(KeySpace space, std::string_view folded, std::uint64_t seed) {
  return XXH3_64bits_withSeed(folded.data(), folded.size(), SpaceSeed(space, seed));
}

WordKey KeyOfInteger(std::uint64_t value, std::uint64_t seed) {
  const std::uint64_t key = XXH3_64bits_withSeed(&value, sizeof value, SpaceSeed(KeySpace::kInteger, seed)) &
                            ~(std::uint64_t{15} << 60);
  return key | (value / IntegerPage::kValues * 0x9e3779b97f4a7c15u) >> 60 << 60;
}

std::size_t BloomOctets(std::size_t keys, std::size_t bits_per_key) {
  return (keys * bits_per_key + 8 * kBlockOctets - 1) / (8 * kBlockOctets) * kBlockOctets;
}

void BloomAdd(std::span<char> bloom, std::span<const WordKey> keys) {
  const std::size_t blocks = bloom.size() / kBlockOctets;
  for (const WordKey key : keys) {
    char* at = bloom.data() + BlockOf(key, blocks) * kBlockOctets;
    std::uint64_t words[4];
    std::memcpy(words, at, sizeof words);
    words[0] |= BitsOf(key, 0);
    words[1] |= BitsOf(key, 1);
    words[2] |= BitsOf(key, 2);
    words[3] |= BitsOf(key, 3);
    std::memcpy(at, words, sizeof words);
  }
}

bool BloomMayHold(std::string_view bloom, WordKey key) {
  if (bloom.empty()) return false;
  if (bloom.size() % kBlockOctets != 0) return true;
  std::uint64_t words[4];
  std::memcpy(words, bloom.data() + BlockOf(key, bloom.size() / kBlockOctets) * kBlockOctets, sizeof words);
  for (unsigned i = 0; i < 4; ++i)
    if ((words[i] & BitsOf(key, i)) != BitsOf(key, i)) return false;
  return true;
}

std::string WriteChunk(std::size_t number, std::uint64_t seed, std::span<const WordKey> keys,
                       std::span<const IntegerPage* const> pages) {
  if (keys.empty() && pages.empty()) return {};
  const std::size_t bloom_octets = BloomOctets(keys.size());
  ChunkHeader header{.seed = seed,
                     .version = kVersion,
                     .number = static_cast<std::uint8_t>(number),
                     .pages = static_cast<std::uint16_t>(pages.size()),
                     .bloom_blocks = static_cast<std::uint32_t>(bloom_octets / kBlockOctets)};
  std::string chunk;
  chunk.reserve(sizeof header + pages.size() * (sizeof IntegerPage::number + kPageOctets) + bloom_octets);
  const auto append = [&](const void* octets, std::size_t size) {
    chunk.append(static_cast<const char*>(octets), size);
  };
  append(&header, sizeof header);
  for (const IntegerPage* page : pages) append(&page->number, sizeof page->number);
  for (const IntegerPage* page : pages) append(page->bits.data(), kPageOctets);
  const std::size_t bloom_at = chunk.size();
  chunk.resize(bloom_at + bloom_octets);
  BloomAdd(std::span(chunk).subspan(bloom_at), keys);
  header.checksum = Checksum(chunk);
  std::memcpy(chunk.data(), &header.checksum, sizeof header.checksum);
  return chunk;
}

std::optional<WordChunk> WordChunk::Open(std::string_view octets, std::size_t number, std::uint64_t seed,
                                         Octets checked) {
  const std::optional<ChunkHeader> header = ReadHeader(octets, checked);
  if (!header || header->number != number || header->seed != seed) return std::nullopt;
  WordChunk chunk;
  octets.remove_prefix(sizeof *header);
  chunk.numbers_ = octets.substr(0, header->pages * sizeof IntegerPage::number);
  octets.remove_prefix(chunk.numbers_.size());
  chunk.bits_ = octets.substr(0, header->pages * kPageOctets);
  chunk.bloom_ = octets.substr(chunk.bits_.size());
  return chunk;
}

bool WordChunk::HoldsInteger(std::uint64_t value) const {
  const std::uint64_t wanted = value / IntegerPage::kValues, bit = value % IntegerPage::kValues;
  for (std::size_t page = 0; page * sizeof wanted < numbers_.size(); ++page) {
    std::uint64_t number;
    std::memcpy(&number, numbers_.data() + page * sizeof number, sizeof number);
    if (number == wanted)
      return (static_cast<std::uint8_t>(bits_[page * kPageOctets + bit / 8]) >> bit % 8 & 1) != 0;
  }
  return false;
}

bool CheckChunk(std::string_view chunk) {
  return chunk.empty() || ReadHeader(chunk, Octets::kUnchecked).has_value();
}

}  // namespace cistern
