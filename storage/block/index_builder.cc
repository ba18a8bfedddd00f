#include "storage/block/index_builder.h"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ingest/message/tags.h"
#include "storage/block/bytes.h"
#include "storage/block/compression.h"
#include "storage/block/dictionary.h"
#include "storage/block/index_format.h"
#include "storage/block/template_index.h"
#include "storage/block/word_collector.h"

namespace cistern {
namespace {

// Columns with more values, or longer ones in all, are not listed but go into the filter.
constexpr std::size_t kMaxListedValues = 1024;
constexpr std::size_t kMaxListedOctets = 32 << 10;
// Few templates are read faster as they are, which is done for every block that a query looks at.
constexpr std::size_t kMaxPlainOctets = 8 << 10;
// Sets of flags, and whatever else is counted.
constexpr std::size_t kMaxCountedInts = 256;

constexpr std::size_t Index(Column column) { return static_cast<std::size_t>(column); }
constexpr std::size_t kColumns = Index(Column::kPeer) + 1;

// Different from block to block, and always the same for the same block.
std::uint64_t SeedOf(const BlockSummary& summary) {
  const std::uint64_t values[] = {ToInt(summary.first_id), static_cast<std::uint64_t>(summary.min_received),
                                  static_cast<std::uint64_t>(summary.max_received)};
  return XXH3_64bits(values, sizeof values);
}

// Empty when there are too many.
std::map<std::int64_t, std::uint32_t> CountInts(std::span<const std::int64_t> values) {
  std::array<std::uint32_t, 256> small{};
  std::map<std::int64_t, std::uint32_t> counts;
  for (const std::int64_t value : values) {
    if (value >= 0 && value < std::ssize(small)) {
      ++small[static_cast<std::size_t>(value)];
    } else if (++counts[value]; counts.size() > kMaxCountedInts) {
      return {};
    }
  }
  for (std::size_t value = 0; value < small.size(); ++value)
    if (small[value] != 0) counts[static_cast<std::int64_t>(value)] = small[value];
  return counts;
}

std::size_t TotalOctets(std::span<const std::string_view> values) {
  std::size_t octets = 0;
  for (const std::string_view value : values) octets += value.size();
  return octets;
}

}  // namespace

struct IndexBuilder::Impl {
  void Begin(const BlockSummary& of);
  void AddCounted(Column column, const StringColumn& values);
  void PutSummary(const SealedBlock& block, bool words_in_chunks);
  void PutIntegers();
  void PutDictionary(std::span<const std::string_view> values, std::span<const std::uint32_t> rows,
                     ByteBuffer& part);
  void PutTemplates();
  void AddPart(IndexPartId id, const ByteBuffer& part) {
    parts.push_back({.id = id, .raw_length = part.size(), .stored = part.view()});
  }
  void Finish(SealedBlock& block);

  BlockSummary summary;
  std::uint64_t seed = 0;
  std::int64_t min_port = 0, max_port = 0;
  std::array<std::map<std::int64_t, std::uint32_t>, kColumns> int_counts;
  std::array<ByteBuffer, kColumns> dictionaries;  // empty: not added
  std::array<bool, kColumns> listed{};
  TemplateIndexWriter templates;
  std::vector<SlotStamp> stamps;
  ByteBuffer summary_part, integers_part, template_part, compressed_part, word_part;
  std::vector<IndexPart> parts;
  std::vector<std::uint32_t> counts;
  Dictionary dictionary;
  WordCollector words;
  Compressor compressor;
};

void IndexBuilder::Impl::Begin(const BlockSummary& of) {
  summary = of;
  seed = SeedOf(of);
  min_port = max_port = 0;
  const auto rows = static_cast<std::uint32_t>(of.records);
  for (const Column column : kCountedColumns) int_counts[Index(column)] = {{0, rows}};
  for (const Column column : kListedColumns) {
    const std::string_view nothing;
    listed[Index(column)] = true;
    PutDictionary({&nothing, 1}, {&rows, 1}, dictionaries[Index(column)]);
  }
  templates.Clear();
  words.Begin(seed);
}

// Lists the values with their counts, or puts them into the filter.
void IndexBuilder::Impl::AddCounted(Column column, const StringColumn& values) {
  StringColumn coded = values;
  std::vector<std::uint32_t> codes;
  if (values.codes.empty()) {
    dictionary.Clear();
    for (const std::string_view value : values.values) codes.push_back(dictionary.Add(value));
    coded = {dictionary.values(), codes};
  }
  listed[Index(column)] =
      coded.values.size() <= kMaxListedValues && TotalOctets(coded.values) <= kMaxListedOctets;
  if (!listed[Index(column)]) return words.AddValues(SpaceOf(column), coded.values);
  counts.assign(coded.values.size(), 0);
  for (const std::uint32_t code : coded.codes) ++counts[code];
  PutDictionary(coded.values, counts, dictionaries[Index(column)]);
}

void IndexBuilder::Impl::PutDictionary(std::span<const std::string_view> values,
                                       std::span<const std::uint32_t> rows, ByteBuffer& part) {
  part.Clear();
  part.PutVarint(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    part.PutVarint(rows[i]);
    part.PutVarint(values[i].size());
  }
  for (const std::string_view value : values) part.PutBytes(value);
}

void IndexBuilder::Impl::PutSummary(const SealedBlock& block, bool words_in_chunks) {
  std::uint64_t filled = 0;
  for (std::size_t chunk = 0; chunk < kWordChunks; ++chunk)
    filled |= std::uint64_t{!block.chunks[chunk].empty()} << chunk;
  const bool timed = summary.min_time != kNoTime;
  ByteBuffer& out = summary_part;
  out.Clear();
  out.PutVarint(summary.records);
  out.PutVarint(ToInt(summary.first_id));
  out.PutVarint(ToInt(summary.last_id) - ToInt(summary.first_id));
  out.PutSigned(summary.min_received);
  out.PutSigned(WrapSub(summary.max_received, summary.min_received));
  out.PutByte(timed ? 1 : 0);
  if (timed) out.PutSigned(summary.min_time);
  if (timed) out.PutSigned(WrapSub(summary.max_time, summary.min_time));
  out.PutSigned(min_port);
  out.PutSigned(WrapSub(max_port, min_port));
  out.PutFixed64(seed);
  out.PutVarint(filled);
  out.PutByte(words_in_chunks ? 1 : 0);
  AddPart(IndexPartId::kSummary, out);
}

void IndexBuilder::Impl::PutIntegers() {
  integers_part.Clear();
  for (const Column column : kCountedColumns) {
    integers_part.PutVarint(int_counts[Index(column)].size());
    for (const auto& [value, rows] : int_counts[Index(column)]) {
      integers_part.PutSigned(value);
      integers_part.PutVarint(rows);
    }
  }
  AddPart(IndexPartId::kIntegers, integers_part);
}

void IndexBuilder::Impl::PutTemplates() {
  templates.Finish(template_part);
  AddPart(IndexPartId::kTemplates, template_part);
  if (template_part.size() <= kMaxPlainOctets || !compressor.Compress(template_part.view(), compressed_part))
    return;
  parts.back().compressed = true;
  parts.back().stored = compressed_part.view();
}

void IndexBuilder::Impl::Finish(SealedBlock& block) {
  WordCollector::Filters filters = words.Finish();
  block.chunks = std::move(filters.chunks);
  parts.clear();
  PutSummary(block, filters.words_in_chunks);
  PutIntegers();
  for (const Column column : kListedColumns)
    if (listed[Index(column)]) AddPart(*PartOfColumn(column), dictionaries[Index(column)]);
  word_part.Clear();
  word_part.PutBytes(filters.word_bloom);
  AddPart(IndexPartId::kWords, word_part);
  PutTemplates();
  block.index = WriteIndex(parts);
}

IndexBuilder::IndexBuilder() : impl_(std::make_unique<Impl>()) {}
IndexBuilder::~IndexBuilder() = default;

void IndexBuilder::Begin(const BlockSummary& summary) { impl_->Begin(summary); }

void IndexBuilder::AddInts(Column column, std::span<const std::int64_t> values) {
  if (values.empty()) return;
  if (column != Column::kPort) {
    impl_->int_counts[Index(column)] = CountInts(values);
    return;
  }
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  impl_->min_port = *min;
  impl_->max_port = *max;
}

void IndexBuilder::AddStrings(Column column, const StringColumn& values) {
  switch (column) {
    case Column::kProcid:
      return impl_->words.AddValues(SpaceOf(column), values.values);
    case Column::kStructuredData:
      return impl_->words.AddWords(SpaceOf(column), values.values);
    case Column::kTags:
      for (const std::string_view tags : values.values) {
        TagsReader reader(tags);
        while (const std::optional<Tag> tag = reader.Next())
          impl_->words.AddWords(SpaceOf(column), {&tag->value, 1});
      }
      return;
    default:
      return impl_->AddCounted(column, values);
  }
}

void IndexBuilder::AddTemplate(Column column, std::span<const std::string_view> pieces, std::uint32_t rows,
                               std::span<const StringColumn> slots) {
  if (column != Column::kMessage) {
    impl_->words.AddWords(SpaceOf(column), pieces);
    for (const StringColumn& slot : slots) impl_->words.AddWords(SpaceOf(column), slot.values);
    return;
  }
  impl_->stamps.clear();
  for (const StringColumn& slot : slots) impl_->stamps.push_back(impl_->words.AddSlot(slot));
  impl_->templates.Add(pieces, rows, slots, impl_->stamps);
}

void IndexBuilder::Finish(SealedBlock& block) { impl_->Finish(block); }

}  // namespace cistern
