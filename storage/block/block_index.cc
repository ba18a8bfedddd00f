#include "storage/block_index.h"

#include <algorithm>
#include <array>
#include <string>

#include "storage/block/bytes.h"
#include "storage/block/compression.h"
#include "storage/block/decimal.h"
#include "storage/block/index_format.h"
#include "storage/block/sealed_block.h"
#include "storage/block/template_index.h"
#include "storage/block/word_filter.h"

namespace cistern {
namespace {

constexpr std::size_t Index(Column column) { return static_cast<std::size_t>(column); }
constexpr std::size_t kColumns = Index(Column::kPeer) + 1;

bool HasDigit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct Summary {
  std::uint64_t records = 0;
  BlockIndex::Range ids, received, port;
  std::optional<BlockIndex::Range> time;
  std::uint64_t seed = 0;
  std::uint64_t filled_chunks = 0;  // one bit each
  bool words_in_chunks = false;
};

BlockIndex::Range ReadRange(ByteReader& in) {
  const std::int64_t min = in.Signed();
  return {min, WrapAdd(min, in.Signed())};
}

bool ReadSummary(std::string_view part, Summary& summary) {
  ByteReader in(part);
  summary.records = in.Varint();
  const std::uint64_t first = in.Varint(), last = first + in.Varint();
  summary.ids = {static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)};
  summary.received = ReadRange(in);
  if (in.Byte() != 0) summary.time = ReadRange(in);
  summary.port = ReadRange(in);
  summary.seed = in.Fixed64();
  summary.filled_chunks = in.Varint();
  summary.words_in_chunks = in.Byte() != 0;
  return in.ok() && summary.records > 0 && summary.records <= UINT32_MAX;
}

class StoredIndex final : public BlockIndex {
 public:
  StoredIndex(std::shared_ptr<const std::string> octets, std::vector<IndexPart> parts, const Summary& summary,
              ReadChunk read_chunk, Octets chunks)
      : octets_(std::move(octets)),
        parts_(std::move(parts)),
        summary_(summary),
        read_chunk_(std::move(read_chunk)),
        chunk_octets_(chunks) {}

  std::uint64_t records() const override { return summary_.records; }
  std::optional<Range> IntRange(Column column) override;
  std::span<const CountedInt> IntValues(Column column) override;
  std::optional<std::span<const CountedString>> StringValues(Column column) override;
  std::span<const TextTemplate> Templates() override;
  std::optional<std::string_view> PieceOctets() override;
  bool MayHoldWord(std::string_view folded) override;
  bool MayHoldAddress(std::string_view dotted) override;
  bool MayHoldValue(Column column, std::string_view folded) override;

 private:
  struct Chunk {
    std::string octets;
    std::optional<WordChunk> words;  // absent: unreadable
    bool empty = false;
  };

  const IndexPart* Find(IndexPartId id) const;
  void DecodeIntegers();
  void DecodeStrings(const IndexPart& part, std::vector<CountedString>& values) const;
  void DecodeTemplates();
  const Chunk& ChunkAt(std::size_t number);
  bool ChunkMayHold(WordKey key);

  const std::shared_ptr<const std::string> octets_;
  const std::vector<IndexPart> parts_;
  const Summary summary_;
  const ReadChunk read_chunk_;
  const Octets chunk_octets_;
  bool integers_decoded_ = false;
  std::array<std::vector<CountedInt>, kColumns> ints_;
  std::array<std::optional<std::vector<CountedString>>, kColumns> strings_;  // decoded when present
  std::unique_ptr<char[]> template_part_;                                    // once decompressed
  TemplateIndex template_index_;
  std::vector<TextTemplate> anything_;                      // in place of templates that cannot be read
  std::span<const TextTemplate> templates_;                 // decoded when not empty
  std::array<std::unique_ptr<Chunk>, kWordChunks> chunks_;  // read when not null
};

const IndexPart* StoredIndex::Find(IndexPartId id) const {
  for (const IndexPart& part : parts_)
    if (part.id == id) return &part;
  return nullptr;
}

std::optional<BlockIndex::Range> StoredIndex::IntRange(Column column) {
  switch (column) {
    case Column::kId:
      return summary_.ids;
    case Column::kReceived:
      return summary_.received;
    case Column::kTime:
      return summary_.time;
    case Column::kPort:
      return summary_.port;
    default:
      return std::nullopt;
  }
}

std::span<const CountedInt> StoredIndex::IntValues(Column column) {
  if (!integers_decoded_) DecodeIntegers();
  return ints_[Index(column)];
}

void StoredIndex::DecodeIntegers() {
  integers_decoded_ = true;
  const IndexPart* part = Find(IndexPartId::kIntegers);
  ByteReader in(part == nullptr ? std::string_view{} : part->stored);
  for (const Column column : kCountedColumns) {
    std::vector<CountedInt>& values = ints_[Index(column)];
    for (std::uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
      const std::int64_t value = in.Signed();
      values.push_back({value, static_cast<std::uint32_t>(in.Varint())});
    }
  }
  if (in.ok()) return;
  for (const Column column : kCountedColumns) ints_[Index(column)].clear();  // not kept: nothing follows
}

std::optional<std::span<const CountedString>> StoredIndex::StringValues(Column column) {
  const std::optional<IndexPartId> id = PartOfColumn(column);
  const IndexPart* part = id ? Find(*id) : nullptr;
  if (part == nullptr) return std::nullopt;
  std::optional<std::vector<CountedString>>& values = strings_[Index(column)];
  if (!values) DecodeStrings(*part, values.emplace());
  if (values->empty()) return std::nullopt;  // damaged: a block has at least one value
  return *values;
}

void StoredIndex::DecodeStrings(const IndexPart& part, std::vector<CountedString>& values) const {
  ByteReader counts(part.stored);
  std::vector<std::uint64_t> lengths;
  for (std::uint64_t left = counts.Varint(); left > 0 && counts.ok(); --left) {
    values.push_back({{}, static_cast<std::uint32_t>(counts.Varint())});
    lengths.push_back(counts.Varint());
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i].value = counts.Bytes(lengths[i]);
  if (!counts.ok() || counts.left() != 0) values.clear();
}

std::span<const TextTemplate> StoredIndex::Templates() {
  if (templates_.empty()) DecodeTemplates();
  return templates_;
}

std::optional<std::string_view> StoredIndex::PieceOctets() {
  const IndexPart* part = Find(IndexPartId::kTemplates);
  if (part == nullptr) return std::nullopt;
  if (!part->compressed) return part->stored;
  const auto size = static_cast<std::size_t>(part->raw_length);
  if (template_part_ == nullptr) {
    auto octets = std::make_unique_for_overwrite<char[]>(size);
    if (!Decompress(part->stored, octets.get(), size)) return std::nullopt;
    template_part_ = std::move(octets);
  }
  return std::string_view(template_part_.get(), size);
}

void StoredIndex::DecodeTemplates() {
  const std::optional<std::string_view> octets = PieceOctets();
  if (octets && template_index_.Read(*octets, summary_.records)) templates_ = template_index_.templates();
  if (!templates_.empty()) return;
  anything_ = {{.pieces = {"", ""}, .slots = {{}}, .rows = static_cast<std::uint32_t>(summary_.records)}};
  templates_ = anything_;
}

const StoredIndex::Chunk& StoredIndex::ChunkAt(std::size_t number) {
  std::unique_ptr<Chunk>& chunk = chunks_[number];
  if (chunk != nullptr) return *chunk;
  chunk = std::make_unique<Chunk>();
  chunk->empty = (summary_.filled_chunks >> number & 1) == 0;
  if (chunk->empty) return *chunk;
  if (std::optional<std::string> octets = read_chunk_(number)) chunk->octets = std::move(*octets);
  chunk->words = WordChunk::Open(chunk->octets, number, summary_.seed, chunk_octets_);
  return *chunk;
}

bool StoredIndex::ChunkMayHold(WordKey key) {
  const Chunk& chunk = ChunkAt(ChunkOf(key));
  return !chunk.empty && (!chunk.words || chunk.words->MayHold(key));
}

bool StoredIndex::MayHoldWord(std::string_view folded) {
  if (std::uint64_t integer; ReadDecimal(folded, integer)) {
    const WordKey key = KeyOfInteger(integer, summary_.seed);
    const Chunk& chunk = ChunkAt(ChunkOf(key));
    return !chunk.empty && (!chunk.words || chunk.words->HoldsInteger(integer) || chunk.words->MayHold(key));
  }
  const WordKey key = KeyOf(KeySpace::kWord, folded, summary_.seed);
  if (summary_.words_in_chunks || HasDigit(folded)) return ChunkMayHold(key);
  const IndexPart* words = Find(IndexPartId::kWords);
  return words == nullptr || BloomMayHold(words->stored, key);
}

bool StoredIndex::MayHoldAddress(std::string_view dotted) {
  return ChunkMayHold(KeyOf(KeySpace::kAddress, dotted, summary_.seed));
}

bool StoredIndex::MayHoldValue(Column column, std::string_view folded) {
  const bool listed = PartOfColumn(column) && StringValues(column);
  const bool filtered = PartOfColumn(column) || column == Column::kProcid ||
                        column == Column::kStructuredData || column == Column::kTags;
  return folded.empty() || listed || !filtered || ChunkMayHold(KeyOf(SpaceOf(column), folded, summary_.seed));
}

}  // namespace

Result<std::unique_ptr<BlockIndex>> OpenBlockIndex(std::shared_ptr<const std::string> index,
                                                   ReadChunk read_chunk, Octets octets) {
  auto parts = ReadIndex(*index, octets);
  if (!parts) return parts.error();
  Summary summary;
  const auto part = std::find_if(parts->begin(), parts->end(),
                                 [](const IndexPart& p) { return p.id == IndexPartId::kSummary; });
  if (part == parts->end() || !ReadSummary(part->stored, summary)) return StoreErrc::kCorrupt;
  return std::unique_ptr<BlockIndex>(std::make_unique<StoredIndex>(std::move(index), std::move(*parts),
                                                                   summary, std::move(read_chunk), octets));
}

}  // namespace cistern
