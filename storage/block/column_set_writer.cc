#include "storage/block/column_set_writer.h"

#include <algorithm>

namespace cistern {
namespace {

// The values in the order of `rows`.
template <class Value>
std::span<const Value> Ordered(std::span<const Value> values, std::span<const std::uint32_t> rows,
                               std::vector<Value>& room) {
  if (rows.empty()) return values;
  room.resize(values.size());
  for (std::size_t i = 0; i < rows.size(); ++i) room[i] = values[rows[i]];
  return room;
}

}  // namespace

void ColumnSetWriter::Clear() {
  header_.columns.clear();
  out_.Clear();
}

void ColumnSetWriter::Compress(Draft& draft) {
  draft.smaller = compressor_.Compress(draft.payload.view(), draft.compressed);
}

void ColumnSetWriter::Keep(ColumnId id, const Draft& draft, RowOrder order) {
  ByteBuffer& stored = stored_[static_cast<std::size_t>(id)];
  stored.Clear();
  stored.PutBytes(draft.stored());
  header_.columns.push_back({.id = id,
                             .codec = draft.codec,
                             .order = order,
                             .compressed = draft.smaller,
                             .raw_length = draft.payload.size(),
                             .stored = stored.view()});
}

void ColumnSetWriter::AddInts(ColumnId id, std::span<const std::int64_t> values, EncodeInts encode,
                              EncodeInts or_encode, RowOrder order, std::span<const std::uint32_t> rows) {
  if (std::all_of(values.begin(), values.end(), [](std::int64_t value) { return value == 0; })) return;
  const std::span<const std::int64_t> ordered = Ordered(values, rows, values_);
  std::size_t best = 0;
  for (const EncodeInts with : {encode, or_encode}) {
    const bool in_vain = with == or_encode && drafts_[0].stored().size() <= values.size() / 8;  // a bit each
    if (with == nullptr || in_vain) continue;
    Draft& draft = drafts_[with == encode ? 0 : 1];
    draft.payload.Clear();
    draft.codec = with(ordered, draft.payload);
    Compress(draft);
    if (with == or_encode && draft.stored().size() < drafts_[0].stored().size()) best = 1;
  }
  Keep(id, drafts_[best], order);
}

void ColumnSetWriter::AddStrings(ColumnId id, DictionaryColumn& column, RowOrder order,
                                 std::span<const std::uint32_t> rows) {
  if (column.empty()) return;
  const std::span<const std::uint32_t> codes = Ordered(column.codes(), rows, codes_);
  std::size_t best = 0;
  drafts_[0].payload.Clear();
  drafts_[0].codec = column.Encode(codes, drafts_[0].payload);
  Compress(drafts_[0]);
  const bool in_vain = drafts_[0].stored().size() <= codes.size() / 8;  // a bit each
  if (drafts_[0].codec == Codec::kDictionary && column.values().size() > 1 && !in_vain) {
    drafts_[1].payload.Clear();
    drafts_[1].codec = column.EncodePacked(codes, drafts_[1].payload);
    Compress(drafts_[1]);
    best = drafts_[1].stored().size() < drafts_[0].stored().size();
  }
  Keep(id, drafts_[best], order);
}

void ColumnSetWriter::AddPayload(ColumnId id, Codec codec, std::string_view payload, RowOrder order,
                                 bool compress) {
  Draft& draft = drafts_[0];
  draft.payload.Clear();
  draft.payload.PutBytes(payload);
  draft.codec = codec;
  draft.smaller = false;
  if (compress) Compress(draft);
  Keep(id, draft, order);
}

std::string ColumnSetWriter::Finish(const BlockSummary& summary) {
  header_.version = 2;
  header_.summary = summary;
  std::sort(header_.columns.begin(), header_.columns.end(),
            [](const ColumnEntry& a, const ColumnEntry& b) { return a.id < b.id; });
  WriteBlock(header_, out_);
  return std::string(out_.view());
}

}  // namespace cistern
