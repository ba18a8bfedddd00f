#include "storage/block/block_view.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "ingest/message/shape.h"
#include "storage/block/compression.h"
#include "storage/block/int_codec.h"
#include "storage/block/string_codec.h"
#include "storage/block/time_codec.h"

namespace cistern {
namespace {

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }

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

bool ParsePeer(std::string_view octets, IpAddress& out) {
  std::array<std::uint8_t, 16> address{};
  if (octets.empty()) return true;
  if (octets.size() == 16) {
    std::memcpy(address.data(), octets.data(), 16);
    out = IpAddress::V6(address);
    return true;
  }
  if (octets.size() != 4) return false;
  std::memcpy(address.data(), octets.data(), 4);
  out = IpAddress::V4(std::uint32_t{address[0]} << 24 | std::uint32_t{address[1]} << 16 |
                      std::uint32_t{address[2]} << 8 | address[3]);
  return true;
}

}  // namespace

BlockView::BlockView(std::shared_ptr<const std::string> blob, BlockHeader header)
    : blob_(std::move(blob)), header_(std::move(header)), rows_(header_.summary.records) {}

bool BlockView::Payload(const ColumnEntry& entry, std::string_view& out) {
  out = entry.stored;
  if (!ChecksumMatches(entry)) return false;
  if (!entry.compressed) return true;
  const auto size = static_cast<std::size_t>(entry.raw_length);
  buffers_.push_back(std::make_unique_for_overwrite<char[]>(size));
  out = {buffers_.back().get(), size};
  return Decompress(entry.stored, buffers_.back().get(), size);
}

bool BlockView::LoadInts(ColumnId id, std::size_t count, std::vector<std::int64_t>& out) {
  const ColumnEntry* entry = header_.Find(id);
  out.assign(count, 0);
  if (entry == nullptr) {
    if (id == ColumnId::kIds)
      std::iota(out.begin(), out.end(), static_cast<std::int64_t>(ToInt(header_.summary.first_id)));
    return true;
  }
  std::string_view payload;
  if (Payload(*entry, payload) && DecodeInts(entry->codec, payload, count, out)) return true;
  out.assign(count, 0);
  return false;
}

std::span<const std::int64_t> BlockView::IntsOf(ColumnId id) {
  IntColumn& column = ints_[Index(id)];
  if (!column.ready) {
    column.ready = true;
    if (!LoadInts(id, rows_, column.values)) damaged_ = true;
  }
  return column.values;
}

std::span<const std::int64_t> BlockView::Times() {
  if (times_.ready) return times_.values;
  times_.ready = true;
  times_.values.assign(rows_, kNoTime);
  const std::span<const std::int64_t> units = IntsOf(ColumnId::kTimeUnit);
  const auto count = static_cast<std::size_t>(
      std::count_if(units.begin(), units.end(), [](std::int64_t unit) { return unit != 0; }));
  std::vector<std::int64_t> deltas;
  if (LoadInts(ColumnId::kTime, count, deltas) &&
      DecodeTimes(units, deltas, IntsOf(ColumnId::kReceived), times_.values))
    return times_.values;
  damaged_ = true;
  times_.values.assign(rows_, kNoTime);
  return times_.values;
}

bool BlockView::LoadTexts(const ColumnEntry& entry, TextColumn& out) {
  std::string_view payload;
  return Payload(entry, payload) && DecodeStrings(entry.codec, payload, rows_, out.values, out.codes);
}

StringColumn BlockView::TextsOf(ColumnId id) {
  TextColumn& column = texts_[Index(id)];
  if (column.ready) return column.view();
  column.ready = true;
  const ColumnEntry* entry = header_.Find(id);
  if (entry != nullptr && LoadTexts(*entry, column)) return column.view();
  if (entry != nullptr) damaged_ = true;
  column.values.assign(1, {});
  column.codes.assign(rows_, 0);
  return column.view();
}

std::span<const std::int64_t> BlockView::Ints(Column column) {
  return column == Column::kTime ? Times() : IntsOf(OnDisk(column));
}

StringColumn BlockView::Strings(Column column) {
  if (column == Column::kRaw) return Raws();
  if (column == Column::kPeer) return PeerTexts();
  return TextsOf(OnDisk(column));
}

StringColumn BlockView::Raws() {
  if (raws_.ready) return raws_.view();
  raws_.ready = true;
  const StringColumn stored = TextsOf(ColumnId::kRaw), messages = TextsOf(ColumnId::kMessage);
  const std::span<const std::int64_t> shapes = IntsOf(ColumnId::kShape);
  std::string text;
  raws_.values.resize(rows_);
  for (std::size_t row = 0; row < rows_; ++row) {
    const ShapeCode code = static_cast<ShapeCode>(UnpackShape(shapes[row]).code);
    if (code == kShapeMessageOnly) {
      raws_.values[row] = messages[row];
    } else if (code == kShapeRaw) {
      raws_.values[row] = stored[row];
    } else {
      RebuildRaw(Row(row), text);
      raws_.values[row] = arena_.Copy(text);
    }
  }
  return raws_.view();
}

BatchView::PeerColumn BlockView::Peers() {
  if (peers_ready_) return {peers_, peer_codes_};
  peers_ready_ = true;
  const StringColumn octets = TextsOf(ColumnId::kPeer);
  peers_.resize(octets.values.size());
  for (std::size_t i = 0; i < peers_.size(); ++i)
    if (!ParsePeer(octets.values[i], peers_[i])) damaged_ = true;
  peer_codes_.assign(octets.codes.begin(), octets.codes.end());
  if (peer_codes_.empty()) {
    peer_codes_.resize(rows_);
    std::iota(peer_codes_.begin(), peer_codes_.end(), 0u);
  }
  return {peers_, peer_codes_};
}

StringColumn BlockView::PeerTexts() {
  const PeerColumn peers = Peers();
  if (!peer_texts_.ready) {
    peer_texts_.ready = true;
    char text[46];
    for (const IpAddress& peer : peers.values)
      peer_texts_.values.push_back(arena_.Copy({text, peer.Print(text)}));
  }
  return {peer_texts_.values, peer_codes_};
}

Record BlockView::Row(std::size_t row) {
  const PeerColumn peers = Peers();
  Record record;
  record.id = RecordId{static_cast<std::uint64_t>(IntsOf(ColumnId::kIds)[row])};
  record.received = IntsOf(ColumnId::kReceived)[row];
  record.time = Times()[row];
  record.peer = peers.values[peers.codes[row]];
  record.port = static_cast<std::uint16_t>(IntsOf(ColumnId::kPort)[row]);
  record.transport = static_cast<Transport>(IntsOf(ColumnId::kTransport)[row]);
  record.format = static_cast<Format>(IntsOf(ColumnId::kFormat)[row]);
  record.facility = static_cast<Facility>(IntsOf(ColumnId::kFacility)[row]);
  record.severity = static_cast<Severity>(IntsOf(ColumnId::kSeverity)[row]);
  record.flags = static_cast<std::uint32_t>(IntsOf(ColumnId::kFlags)[row]);
  record.shape = UnpackShape(IntsOf(ColumnId::kShape)[row]);
  record.listener = TextsOf(ColumnId::kListener)[row];
  record.tls_identity = TextsOf(ColumnId::kTlsIdentity)[row];
  record.hostname = TextsOf(ColumnId::kHostname)[row];
  record.app_name = TextsOf(ColumnId::kAppName)[row];
  record.procid = TextsOf(ColumnId::kProcid)[row];
  record.msgid = TextsOf(ColumnId::kMsgid)[row];
  record.structured_data = TextsOf(ColumnId::kStructuredData)[row];
  record.message = TextsOf(ColumnId::kMessage)[row];
  record.raw = TextsOf(ColumnId::kRaw)[row];
  record.tags = TextsOf(ColumnId::kTags)[row];
  return record;
}

Result<std::unique_ptr<StoredBatch>> OpenBlock(std::shared_ptr<const std::string> blob) {
  Result<BlockHeader> header = ReadBlockHeader(*blob);
  if (!header) return header.error();
  return std::unique_ptr<StoredBatch>(std::make_unique<BlockView>(std::move(blob), std::move(*header)));
}

Result<void> CheckBlock(std::string_view blob) {
  const Result<BlockHeader> header = ReadBlockHeader(blob);
  if (!header) return header.error();
  if (!std::all_of(header->columns.begin(), header->columns.end(), ChecksumMatches))
    return StoreErrc::kCorrupt;
  return {};
}

Result<void> VerifyBlock(std::string_view blob) {
  if (const Result<void> checked = CheckBlock(blob); !checked) return checked;
  Result<std::unique_ptr<StoredBatch>> view = OpenBlock(std::make_shared<const std::string>(blob));
  if (!view) return view.error();
  (*view)->Row(0);  // touches every column
  const std::span<const std::int64_t> ids = (*view)->Ints(Column::kId);
  const bool ascending = std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
  const bool bounded = ids.front() == static_cast<std::int64_t>(ToInt((*view)->first_id())) &&
                       ids.back() == static_cast<std::int64_t>(ToInt((*view)->last_id()));
  if ((*view)->damaged() || !ascending || !bounded) return StoreErrc::kCorrupt;
  return {};
}

}  // namespace cistern
