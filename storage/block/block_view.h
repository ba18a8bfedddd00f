// A column blob opened for reading; columns are decoded when first asked for.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingest/message/record_batch.h"
#include "storage/block/header.h"
#include "storage/store.h"

namespace cistern {

class BlockView final : public StoredBatch {
 public:
  BlockView(std::shared_ptr<const std::string> blob, BlockHeader header);

  std::size_t size() const override { return rows_; }
  RecordId first_id() const override { return header_.summary.first_id; }
  RecordId last_id() const override { return header_.summary.last_id; }
  std::int64_t min_received() const override { return header_.summary.min_received; }
  std::int64_t max_received() const override { return header_.summary.max_received; }
  std::uint64_t encoded_bytes() const override { return blob_->size(); }
  bool damaged() const override { return damaged_; }

  std::span<const std::int64_t> Ints(Column column) override;
  StringColumn Strings(Column column) override;
  PeerColumn Peers() override;
  Record Row(std::size_t row) override;

 private:
  struct IntColumn {
    bool ready = false;
    std::vector<std::int64_t> values;
  };
  struct TextColumn {
    bool ready = false;
    std::vector<std::string_view> values;
    std::vector<std::uint32_t> codes;
    StringColumn view() const { return {values, codes}; }
  };

  std::span<const std::int64_t> IntsOf(ColumnId id);
  StringColumn TextsOf(ColumnId id);
  std::span<const std::int64_t> Times();
  StringColumn Raws();
  StringColumn PeerTexts();
  bool LoadInts(ColumnId id, std::size_t count, std::vector<std::int64_t>& out);
  bool LoadTexts(const ColumnEntry& entry, TextColumn& out);
  // The payload as it was before compression; false when it is damaged.
  bool Payload(const ColumnEntry& entry, std::string_view& out);

  const std::shared_ptr<const std::string> blob_;
  const BlockHeader header_;
  const std::size_t rows_;
  bool damaged_ = false;
  std::vector<std::unique_ptr<char[]>> buffers_;  // decompressed payloads, viewed by the columns
  std::array<IntColumn, kColumnIdEnd> ints_;
  std::array<TextColumn, kColumnIdEnd> texts_;
  TextColumn raws_, peer_texts_;
  IntColumn times_;
  bool peers_ready_ = false;
  std::vector<IpAddress> peers_;
  std::vector<std::uint32_t> peer_codes_;
  Arena arena_;  // rebuilt raw texts and printed peers
};

}  // namespace cistern
