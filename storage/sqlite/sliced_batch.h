// Some rows of a batch as a batch of their own.
//
// Needed where a scan goes from one form of the same records to another: it read tail rows, and what it comes
// to next is the block that these rows and others have become.
#pragma once

#include <memory>
#include <vector>

#include "storage/store.h"

namespace cistern {

class SlicedBatch final : public StoredBatch {
 public:
  // The rows with ids of [first, last]; null when there are none.
  static std::unique_ptr<StoredBatch> Make(std::unique_ptr<StoredBatch> whole, std::uint64_t first,
                                           std::uint64_t last);

  std::size_t size() const override { return size_; }
  RecordId first_id() const override { return first_; }
  RecordId last_id() const override { return last_; }
  // Of the whole.
  std::int64_t min_received() const override { return whole_->min_received(); }
  std::int64_t max_received() const override { return whole_->max_received(); }
  std::uint64_t encoded_bytes() const override { return whole_->encoded_bytes(); }
  std::uint64_t fetched_bytes() const override { return whole_->fetched_bytes(); }
  std::uint64_t decoded_bytes() const override { return whole_->decoded_bytes(); }
  bool damaged() const override { return whole_->damaged(); }
  void Check() override { whole_->Check(); }

  std::span<const std::int64_t> Ints(Column column) override;
  StringColumn Strings(Column column) override;
  StringColumn StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                         std::size_t end) override;
  PeerColumn Peers() override;
  Record Row(std::size_t row) override { return whole_->Row(begin_ + row); }

 private:
  SlicedBatch(std::unique_ptr<StoredBatch> whole, std::size_t begin, std::size_t size);
  StringColumn Cut(const StringColumn& column) const;

  const std::unique_ptr<StoredBatch> whole_;
  const std::size_t begin_, size_;
  RecordId first_{}, last_{};
  std::vector<std::uint8_t> selected_;
};

}  // namespace cistern
