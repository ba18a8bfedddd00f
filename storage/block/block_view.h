// A column blob opened for reading; columns are fetched and decoded when first asked for.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ingest/message/record_batch.h"
#include "storage/block/blob_reader.h"
#include "storage/block/column_set_reader.h"
#include "storage/block/row_reader.h"
#include "storage/block_index.h"
#include "storage/store.h"

namespace cistern {

class BlockView final : public StoredBatch {
 public:
  // `index` may be null.
  BlockView(BlobReader blob, std::unique_ptr<BlockIndex> index);

  std::size_t size() const override { return columns_.rows(); }
  RecordId first_id() const override { return summary().first_id; }
  RecordId last_id() const override { return summary().last_id; }
  std::int64_t min_received() const override { return summary().min_received; }
  std::int64_t max_received() const override { return summary().max_received; }
  std::uint64_t encoded_bytes() const override { return blob_.size(); }
  std::uint64_t fetched_bytes() const override { return blob_.fetched(); }
  std::uint64_t decoded_bytes() const override { return blob_.decoded(); }
  bool damaged() const override { return damaged_ || columns_.damaged() || rows_.damaged(); }
  void Check() override;
  BlockIndex* index() override { return index_.get(); }

  std::span<const std::int64_t> Ints(Column column) override;
  StringColumn Strings(Column column) override;
  StringColumn StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                         std::size_t end) override;
  PeerColumn Peers() override;
  // The first row of a version 1 blob has all columns decoded; of a version 2 blob, a few rows are read where
  // they lie.
  Record Row(std::size_t row) override;
  TemplateColumn* Templates() override { return columns_.Templates(ColumnId::kMessage); }

 private:
  const BlockSummary& summary() const { return blob_.header().summary; }
  struct Columns;
  // All but the peer.
  template <class Reader>
  static Record RowFrom(Reader& reader, std::size_t row);
  StringColumn PeerTexts();
  StringColumn RawsOf(std::span<const std::uint8_t> selected, std::size_t begin, std::size_t end);
  std::string_view RawOf(std::size_t row);

  BlobReader blob_;
  const std::unique_ptr<BlockIndex> index_;
  Arena arena_;  // texts that were put together
  ColumnSetReader columns_;
  RowReader rows_;
  std::size_t rows_read_ = 0;  // one by one
  bool damaged_ = false;
  std::vector<std::string_view> raws_;
  std::vector<std::uint8_t> raw_done_;
  std::string raw_text_;
  bool peers_ready_ = false;
  std::vector<IpAddress> peers_;
  std::vector<std::uint32_t> peer_codes_;
  std::vector<std::string_view> peer_texts_;
};

}  // namespace cistern
