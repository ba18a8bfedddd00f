// Gathers the columns of a version 2 blob: each in the layout that takes least.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "storage/block/compression.h"
#include "storage/block/header.h"
#include "storage/block/string_codec.h"

namespace cistern {

class ColumnSetWriter {
 public:
  explicit ColumnSetWriter(Compressor& compressor) : compressor_(compressor) {}

  void Clear();
  // Rows are written in the order of `rows`; empty: as they are. Columns that are all 0 or all empty are left
  // out.
  using EncodeInts = Codec (*)(std::span<const std::int64_t>, ByteBuffer&);
  void AddInts(ColumnId id, std::span<const std::int64_t> values, EncodeInts encode, EncodeInts or_encode,
               RowOrder order, std::span<const std::uint32_t> rows);
  void AddStrings(ColumnId id, DictionaryColumn& column, RowOrder order, std::span<const std::uint32_t> rows);
  // Octets that are made elsewhere, and copied.
  void AddPayload(ColumnId id, Codec codec, std::string_view payload, RowOrder order, bool compress);
  // The blob. To be called once.
  std::string Finish(const BlockSummary& summary);

 private:
  // What a column may look like.
  struct Draft {
    ByteBuffer payload, compressed;
    Codec codec{};
    bool smaller = false;  // compressed
    std::string_view stored() const { return smaller ? compressed.view() : payload.view(); }
  };
  void Compress(Draft& draft);
  void Keep(ColumnId id, const Draft& draft, RowOrder order);

  Compressor& compressor_;
  Draft drafts_[2];
  BlockHeader header_;
  std::array<ByteBuffer, kColumnIdEnd> stored_;  // by column
  std::vector<std::int64_t> values_;
  std::vector<std::uint32_t> codes_;
  ByteBuffer out_;
};

}  // namespace cistern
