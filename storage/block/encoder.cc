#include <algorithm>
#include <array>

#include "ingest/message/shape.h"
#include "storage/block/block_codec.h"
#include "storage/block/compression.h"
#include "storage/block/header.h"
#include "storage/block/int_codec.h"
#include "storage/block/string_codec.h"
#include "storage/block/time_codec.h"

namespace cistern {
namespace {

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }

std::string_view PeerOctets(const IpAddress& peer) {
  const std::string_view all(reinterpret_cast<const char*>(peer.octets().data()), peer.octets().size());
  if (!peer.present()) return {};
  return peer.is_v4() ? all.substr(12) : all;
}

void Widen(BlockSummary& summary, const Record& record) {
  summary.min_received = std::min(summary.min_received, record.received);
  summary.max_received = std::max(summary.max_received, record.received);
  if (record.time == kNoTime) return;
  summary.min_time = summary.min_time == kNoTime ? record.time : std::min(summary.min_time, record.time);
  summary.max_time = std::max(summary.max_time, record.time);  // kNoTime is the smallest value
}

}  // namespace

struct BlockEncoder::Impl {
  std::string_view Encode(std::span<const std::span<const Record>> parts);

  void Clear();
  void Add(const Record& record);
  void AddTexts(const Record& record);
  void Finish();
  void FinishInts(ColumnId id, std::span<const std::int64_t> values,
                  Codec (*encode)(std::span<const std::int64_t>, ByteBuffer&));
  template <class Column>
  void FinishText(ColumnId id, Column& column);
  void AddEntry(ColumnId id, Codec codec);

  BlockHeader header;
  std::vector<std::int64_t> ids, received, ports, transports, formats, facilities, severities, flags, shapes;
  TimeColumn times;
  DictionaryColumn peers, listeners, tls_identities, hostnames, app_names, procids, msgids;
  PlainColumn structured_data, messages, raws, tags;
  Compressor compressor;
  std::array<ByteBuffer, kColumnIdEnd> payloads, compressed;  // by column
  ByteBuffer out;
};

void BlockEncoder::Impl::Clear() {
  for (auto* ints :
       {&ids, &received, &ports, &transports, &formats, &facilities, &severities, &flags, &shapes})
    ints->clear();
  times.Clear();
  for (auto* column : {&peers, &listeners, &tls_identities, &hostnames, &app_names, &procids, &msgids})
    column->Clear();
  for (auto* column : {&structured_data, &messages, &raws, &tags}) column->Clear();
  header.columns.clear();
  out.Clear();
}

void BlockEncoder::Impl::Add(const Record& record) {
  Widen(header.summary, record);
  ids.push_back(static_cast<std::int64_t>(ToInt(record.id)));
  received.push_back(record.received);
  times.Add(record.time, record.received);
  ports.push_back(record.port);
  transports.push_back(static_cast<std::int64_t>(record.transport));
  formats.push_back(static_cast<std::int64_t>(record.format));
  facilities.push_back(record.facility);
  severities.push_back(record.severity);
  flags.push_back(record.flags);
  shapes.push_back(PackShape(record.shape));
  AddTexts(record);
}

void BlockEncoder::Impl::AddTexts(const Record& record) {
  peers.Add(PeerOctets(record.peer));
  listeners.Add(record.listener);
  tls_identities.Add(record.tls_identity);
  hostnames.Add(record.hostname);
  app_names.Add(record.app_name);
  procids.Add(record.procid);
  msgids.Add(record.msgid);
  structured_data.Add(record.structured_data);
  messages.Add(record.message);
  raws.Add(record.shape.code == kShapeRaw ? record.raw : std::string_view{});
  tags.Add(record.tags);
}

void BlockEncoder::Impl::AddEntry(ColumnId id, Codec codec) {
  ByteBuffer& payload = payloads[Index(id)];
  ColumnEntry entry{.id = id, .codec = codec, .raw_length = payload.size(), .stored = payload.view()};
  if (compressor.Compress(payload.view(), compressed[Index(id)])) {
    entry.compressed = true;
    entry.stored = compressed[Index(id)].view();
  }
  header.columns.push_back(entry);
}

void BlockEncoder::Impl::FinishInts(ColumnId id, std::span<const std::int64_t> values,
                                    Codec (*encode)(std::span<const std::int64_t>, ByteBuffer&)) {
  if (std::all_of(values.begin(), values.end(), [](std::int64_t value) { return value == 0; })) return;
  ByteBuffer& payload = payloads[Index(id)];
  payload.Clear();
  AddEntry(id, encode(values, payload));
}

template <class Column>
void BlockEncoder::Impl::FinishText(ColumnId id, Column& column) {
  if (column.empty()) return;
  ByteBuffer& payload = payloads[Index(id)];
  payload.Clear();
  AddEntry(id, column.Encode(payload));
}

// Ascending by id, as the header wants them.
void BlockEncoder::Impl::Finish() {
  const std::uint64_t span = ToInt(header.summary.last_id) - ToInt(header.summary.first_id);
  if (span != header.summary.records - 1) FinishInts(ColumnId::kIds, ids, EncodeDelta);
  FinishInts(ColumnId::kReceived, received, EncodeDelta);
  FinishInts(ColumnId::kTimeUnit, times.units(), EncodeFixed);
  FinishInts(ColumnId::kTime, times.deltas(), EncodeVarints);
  FinishText(ColumnId::kPeer, peers);
  FinishInts(ColumnId::kPort, ports, EncodeFixed);
  FinishInts(ColumnId::kTransport, transports, EncodeFixed);
  FinishInts(ColumnId::kFormat, formats, EncodeFixed);
  FinishInts(ColumnId::kFacility, facilities, EncodeFixed);
  FinishInts(ColumnId::kSeverity, severities, EncodeFixed);
  FinishInts(ColumnId::kFlags, flags, EncodeIntDictionary);
  FinishInts(ColumnId::kShape, shapes, EncodeIntDictionary);
  FinishText(ColumnId::kListener, listeners);
  FinishText(ColumnId::kTlsIdentity, tls_identities);
  FinishText(ColumnId::kHostname, hostnames);
  FinishText(ColumnId::kAppName, app_names);
  FinishText(ColumnId::kProcid, procids);
  FinishText(ColumnId::kMsgid, msgids);
  FinishText(ColumnId::kStructuredData, structured_data);
  FinishText(ColumnId::kMessage, messages);
  FinishText(ColumnId::kRaw, raws);
  FinishText(ColumnId::kTags, tags);
  WriteBlock(header, out);
}

std::string_view BlockEncoder::Impl::Encode(std::span<const std::span<const Record>> parts) {
  Clear();
  const auto first = std::find_if(parts.begin(), parts.end(), [](const auto& part) { return !part.empty(); });
  header.summary = {.min_received = first->front().received, .max_received = first->front().received};
  for (const std::span<const Record> part : parts)
    for (const Record& record : part) Add(record);
  header.summary.records = ids.size();
  header.summary.first_id = RecordId{static_cast<std::uint64_t>(ids.front())};
  header.summary.last_id = RecordId{static_cast<std::uint64_t>(ids.back())};
  Finish();
  return out.view();
}

BlockEncoder::BlockEncoder() : impl_(std::make_unique<Impl>()) {}
BlockEncoder::~BlockEncoder() = default;

std::string_view BlockEncoder::Encode(std::span<const std::span<const Record>> parts) {
  return impl_->Encode(parts);
}

std::string_view BlockEncoder::Encode(std::span<RecordBatch* const> batches) {
  std::vector<std::span<const Record>> parts;
  for (RecordBatch* batch : batches) parts.emplace_back(batch->records());
  return impl_->Encode(parts);
}

const BlockSummary& BlockEncoder::summary() const { return impl_->header.summary; }

}  // namespace cistern
