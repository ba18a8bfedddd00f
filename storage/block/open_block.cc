#include <algorithm>
#include <functional>

#include "storage/block/block_codec.h"
#include "storage/block/block_view.h"

namespace cistern {

namespace {

constexpr std::uint8_t Index(ColumnId id) { return static_cast<std::uint8_t>(id); }

// Whether every column can be decoded.
bool AllDecode(std::shared_ptr<const std::string> octets) {
  Result<BlobReader> blob = BlobReader::Open(SourceOf(std::move(octets)));
  if (!blob) return false;
  Arena arena;
  ColumnSetReader columns(*blob, arena);
  columns.Times();
  for (auto id = Index(ColumnId::kIds); id <= Index(ColumnId::kShape); ++id)
    if (ColumnId{id} != ColumnId::kTime && ColumnId{id} != ColumnId::kPeer) columns.Ints(ColumnId{id});
  for (auto id = Index(ColumnId::kListener); id <= Index(ColumnId::kTags); ++id)
    columns.Strings(ColumnId{id});
  const StringColumn peers = columns.Strings(ColumnId::kPeer);
  const auto is_peer = [](std::string_view octets) {
    IpAddress peer;
    return ReadPeer(octets, peer);
  };
  return std::all_of(peers.values.begin(), peers.values.end(), is_peer) && !columns.damaged();
}

}  // namespace

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
  if (!AllDecode(std::make_shared<const std::string>(blob))) return StoreErrc::kCorrupt;
  const std::span<const std::int64_t> ids = (*view)->Ints(Column::kId);
  const bool ascending = std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
  const bool bounded = ids.front() == static_cast<std::int64_t>(ToInt((*view)->first_id())) &&
                       ids.back() == static_cast<std::int64_t>(ToInt((*view)->last_id()));
  if ((*view)->damaged() || !ascending || !bounded) return StoreErrc::kCorrupt;
  return {};
}

}  // namespace cistern
