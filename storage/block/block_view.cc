#include "storage/block/block_view.h"

#include <algorithm>
#include <numeric>

#include "ingest/message/shape.h"

namespace cistern {
namespace {

ColumnId OnDisk(Column column) {
  switch (column) {
    case Column::kId:
      return ColumnId::kIds;
    case Column::kReceived:
      return ColumnId::kReceived;
    case Column::kTime:
      return ColumnId::kTime;
    case Column::kPort:
      return ColumnId::kPort;
    case Column::kTransport:
      return ColumnId::kTransport;
    case Column::kFormat:
      return ColumnId::kFormat;
    case Column::kFacility:
      return ColumnId::kFacility;
    case Column::kSeverity:
      return ColumnId::kSeverity;
    case Column::kFlags:
      return ColumnId::kFlags;
    case Column::kListener:
      return ColumnId::kListener;
    case Column::kTlsIdentity:
      return ColumnId::kTlsIdentity;
    case Column::kHostname:
      return ColumnId::kHostname;
    case Column::kAppName:
      return ColumnId::kAppName;
    case Column::kProcid:
      return ColumnId::kProcid;
    case Column::kMsgid:
      return ColumnId::kMsgid;
    case Column::kStructuredData:
      return ColumnId::kStructuredData;
    case Column::kMessage:
      return ColumnId::kMessage;
    case Column::kRaw:
      return ColumnId::kRaw;
    case Column::kTags:
      return ColumnId::kTags;
    case Column::kPeer:
      return ColumnId::kPeer;
  }
  return ColumnId::kMessage;
}

// After so many rows, columns that are decoded as a whole cost less.
constexpr std::size_t kManyRows = 512;

}  // namespace

BlockView::BlockView(BlobReader blob, std::unique_ptr<BlockIndex> index)
    : blob_(std::move(blob)), index_(std::move(index)), columns_(blob_, arena_), rows_(blob_, columns_) {}

void BlockView::Check() {
  if (!blob_.Check()) damaged_ = true;
}

std::span<const std::int64_t> BlockView::Ints(Column column) {
  return column == Column::kTime ? columns_.Times() : columns_.Ints(OnDisk(column));
}

StringColumn BlockView::Strings(Column column) {
  if (column == Column::kPeer) return PeerTexts();
  if (column != Column::kRaw) return columns_.Strings(OnDisk(column));
  return RawsOf(std::vector<std::uint8_t>(size(), 1), 0, size());
}

StringColumn BlockView::StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                                  std::size_t end) {
  if (column == Column::kPeer) return PeerTexts();
  if (column == Column::kRaw) return RawsOf(selected, begin, end);
  return columns_.StringsOf(OnDisk(column), selected, begin, end);
}

StringColumn BlockView::RawsOf(std::span<const std::uint8_t> selected, std::size_t begin, std::size_t end) {
  raws_.resize(size());
  raw_done_.resize(size());
  for (std::size_t row = begin; row < end; ++row) {
    if (!selected[row] || raw_done_[row]) continue;
    raw_done_[row] = 1;
    raws_[row] = RawOf(row);
  }
  return {raws_, {}};
}

std::string_view BlockView::RawOf(std::size_t row) {
  const std::uint8_t code = UnpackShape(columns_.Ints(ColumnId::kShape)[row]).code;
  if (code == kShapeMessageOnly) return columns_.String(ColumnId::kMessage, row);
  if (code == kShapeRaw) return columns_.String(ColumnId::kRaw, row);
  RebuildRaw(Row(row), raw_text_);
  return arena_.Copy(raw_text_);
}

BatchView::PeerColumn BlockView::Peers() {
  if (peers_ready_) return {peers_, peer_codes_};
  peers_ready_ = true;
  const StringColumn octets = columns_.Strings(ColumnId::kPeer);
  peers_.resize(octets.values.size());
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (!ReadPeer(octets.values[i], peers_[i])) damaged_ = true;
  peer_codes_.assign(octets.codes.begin(), octets.codes.end());
  if (peer_codes_.empty()) {
    peer_codes_.resize(size());
    std::iota(peer_codes_.begin(), peer_codes_.end(), 0u);
  }
  return {peers_, peer_codes_};
}

StringColumn BlockView::PeerTexts() {
  const PeerColumn peers = Peers();
  char text[46];
  for (std::size_t i = peer_texts_.size(); i < peers.values.size(); ++i)
    peer_texts_.push_back(arena_.Copy({text, peers.values[i].Print(text)}));
  return {peer_texts_, peer_codes_};
}

// How whole columns are read like single rows.
struct BlockView::Columns {
  ColumnSetReader& columns;
  std::int64_t Int(ColumnId id, std::size_t row) { return columns.Ints(id)[row]; }
  std::int64_t Time(std::size_t row) { return columns.Times()[row]; }
  std::string_view String(ColumnId id, std::size_t row) { return columns.String(id, row); }
};

template <class Reader>
Record BlockView::RowFrom(Reader& reader, std::size_t row) {
  Record record;
  record.id = RecordId{static_cast<std::uint64_t>(reader.Int(ColumnId::kIds, row))};
  record.received = reader.Int(ColumnId::kReceived, row);
  record.time = reader.Time(row);
  record.port = static_cast<std::uint16_t>(reader.Int(ColumnId::kPort, row));
  record.transport = static_cast<Transport>(reader.Int(ColumnId::kTransport, row));
  record.format = static_cast<Format>(reader.Int(ColumnId::kFormat, row));
  record.facility = static_cast<Facility>(reader.Int(ColumnId::kFacility, row));
  record.severity = static_cast<Severity>(reader.Int(ColumnId::kSeverity, row));
  record.flags = static_cast<std::uint32_t>(reader.Int(ColumnId::kFlags, row));
  record.shape = UnpackShape(reader.Int(ColumnId::kShape, row));
  record.listener = reader.String(ColumnId::kListener, row);
  record.tls_identity = reader.String(ColumnId::kTlsIdentity, row);
  record.hostname = reader.String(ColumnId::kHostname, row);
  record.app_name = reader.String(ColumnId::kAppName, row);
  record.procid = reader.String(ColumnId::kProcid, row);
  record.msgid = reader.String(ColumnId::kMsgid, row);
  record.structured_data = reader.String(ColumnId::kStructuredData, row);
  record.message = reader.String(ColumnId::kMessage, row);
  if (record.shape.code == kShapeRaw) record.raw = reader.String(ColumnId::kRaw, row);
  record.tags = reader.String(ColumnId::kTags, row);
  return record;
}

Record BlockView::Row(std::size_t row) {
  if (blob_.header().version == 1 || ++rows_read_ > kManyRows) {
    const PeerColumn peers = Peers();
    Columns reader{columns_};
    Record record = RowFrom(reader, row);
    record.peer = peers.values[peers.codes[row]];
    return record;
  }
  Record record = RowFrom(rows_, row);
  if (!ReadPeer(rows_.String(ColumnId::kPeer, row), record.peer)) damaged_ = true;
  return record;
}

}  // namespace cistern
