#include <algorithm>
#include <functional>

#include "storage/block/block_codec.h"
#include "storage/block/block_view.h"

namespace cistern {

Result<std::unique_ptr<StoredBatch>> OpenBlock(std::unique_ptr<BlobSource> source,
                                               std::unique_ptr<BlockIndex> index) {
  Result<BlobReader> blob = BlobReader::Open(std::move(source));
  if (!blob) return blob.error();
  return std::unique_ptr<StoredBatch>(std::make_unique<BlockView>(std::move(*blob), std::move(index)));
}

Result<std::unique_ptr<StoredBatch>> OpenBlock(std::shared_ptr<const std::string> blob) {
  return OpenBlock(SourceOf(std::move(blob)), nullptr);
}

Result<void> CheckBlock(std::string_view blob) {
  const Result<BlockHeader> header = ReadBlockHeader(blob);
  if (!header) return header.error();
  for (const ColumnEntry& entry : header->columns) {
    if (entry.in_header) continue;
    const std::string_view stored =
        blob.substr(static_cast<std::size_t>(entry.offset), static_cast<std::size_t>(entry.length));
    if (!ChecksumFits(stored, entry.checksum)) return StoreErrc::kCorrupt;
  }
  return {};
}

Result<void> VerifyBlock(std::string_view blob) {
  if (const Result<void> checked = CheckBlock(blob); !checked) return checked;
  Result<std::unique_ptr<StoredBatch>> view = OpenBlock(std::make_shared<const std::string>(blob));
  if (!view) return view.error();
  (*view)->Row(0);  // touches every column
  for (const Column column : {Column::kProcid, Column::kStructuredData, Column::kMessage})
    (*view)->Strings(column);
  const std::span<const std::int64_t> ids = (*view)->Ints(Column::kId);
  const bool ascending = std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
  const bool bounded = ids.front() == static_cast<std::int64_t>(ToInt((*view)->first_id())) &&
                       ids.back() == static_cast<std::int64_t>(ToInt((*view)->last_id()));
  if ((*view)->damaged() || !ascending || !bounded) return StoreErrc::kCorrupt;
  return {};
}

}  // namespace cistern
