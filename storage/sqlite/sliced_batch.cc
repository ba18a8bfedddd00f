#include "storage/sqlite/sliced_batch.h"

#include <algorithm>

namespace cistern {

std::unique_ptr<StoredBatch> SlicedBatch::Make(std::unique_ptr<StoredBatch> whole, std::uint64_t first,
                                               std::uint64_t last) {
  const std::span<const std::int64_t> ids = whole->Ints(Column::kId);
  const auto begin = std::lower_bound(
      ids.begin(), ids.end(), first,
      [](std::int64_t id, std::uint64_t wanted) { return static_cast<std::uint64_t>(id) < wanted; });
  const auto end = std::upper_bound(begin, ids.end(), last, [](std::uint64_t wanted, std::int64_t id) {
    return wanted < static_cast<std::uint64_t>(id);
  });
  if (begin == end || whole->damaged()) return nullptr;
  return std::unique_ptr<StoredBatch>(new SlicedBatch(std::move(whole),
                                                      static_cast<std::size_t>(begin - ids.begin()),
                                                      static_cast<std::size_t>(end - begin)));
}

SlicedBatch::SlicedBatch(std::unique_ptr<StoredBatch> whole, std::size_t begin, std::size_t size)
    : whole_(std::move(whole)), begin_(begin), size_(size) {
  const std::span<const std::int64_t> ids = Ints(Column::kId);
  first_ = RecordId{static_cast<std::uint64_t>(ids.front())};
  last_ = RecordId{static_cast<std::uint64_t>(ids.back())};
}

StringColumn SlicedBatch::Cut(const StringColumn& column) const {
  if (column.codes.empty()) return {column.values.subspan(begin_, size_), {}};
  return {column.values, column.codes.subspan(begin_, size_)};
}

std::span<const std::int64_t> SlicedBatch::Ints(Column column) {
  return whole_->Ints(column).subspan(begin_, size_);
}

StringColumn SlicedBatch::Strings(Column column) { return Cut(whole_->Strings(column)); }

StringColumn SlicedBatch::StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                                    std::size_t end) {
  selected_.assign(whole_->size(), 0);
  std::copy(selected.begin(), selected.end(), selected_.begin() + static_cast<std::ptrdiff_t>(begin_));
  return Cut(whole_->StringsOf(column, selected_, begin_ + begin, begin_ + end));
}

BatchView::PeerColumn SlicedBatch::Peers() {
  const PeerColumn peers = whole_->Peers();
  return {peers.values, peers.codes.subspan(begin_, size_)};
}

}  // namespace cistern
