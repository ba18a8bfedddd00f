#include <algorithm>
#include <array>

#include "storage/block/block_codec.h"
#include "storage/block/compression.h"
#include "storage/block/header.h"
#include "storage/block/int_codec.h"
#include "storage/block/record_columns.h"

namespace cistern {
namespace {

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }

}  // namespace

struct BlockEncoder::Impl {
  std::string_view Encode(std::span<const std::span<const Record>> parts, Packing how);

  void Clear();
  void Add(const Record& record);
  void Finish();
  void FinishInts(ColumnId id, std::span<const std::int64_t> values,
                  Codec (*encode)(std::span<const std::int64_t>, ByteBuffer&));
  template <class Column>
  void FinishText(ColumnId id, Column& column);
  void AddEntry(ColumnId id, Codec codec);

  Packing packing = Packing::kCompressed;
  BlockHeader header;
  RecordColumns records;
  PlainColumn structured_data, messages, tags;
  Compressor compressor;
  std::array<ByteBuffer, kColumnIdEnd> payloads, compressed;  // by column
  ByteBuffer out;
};

void BlockEncoder::Impl::Clear() {
  records.Clear();
  for (auto* column : {&structured_data, &messages, &tags}) column->Clear();
  header.columns.clear();
  out.Clear();
}

void BlockEncoder::Impl::Add(const Record& record) {
  records.Add(record);
  structured_data.Add(record.structured_data);
  messages.Add(record.message);
  tags.Add(record.tags);
}

void BlockEncoder::Impl::AddEntry(ColumnId id, Codec codec) {
  ByteBuffer& payload = payloads[Index(id)];
  ColumnEntry entry{.id = id, .codec = codec, .raw_length = payload.size(), .stored = payload.view()};
  if (packing == Packing::kCompressed && compressor.Compress(payload.view(), compressed[Index(id)])) {
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
  header.summary = records.Summary();
  if (!records.IdsAreDense()) FinishInts(ColumnId::kIds, records.ids, EncodeDelta);
  FinishInts(ColumnId::kReceived, records.received, EncodeDelta);
  FinishInts(ColumnId::kTimeUnit, records.times.units(), EncodeFixed);
  FinishInts(ColumnId::kTime, records.times.deltas(), EncodeVarints);
  FinishText(ColumnId::kPeer, records.peers);
  FinishInts(ColumnId::kPort, records.ports, EncodeFixed);
  FinishInts(ColumnId::kTransport, records.transports, EncodeFixed);
  FinishInts(ColumnId::kFormat, records.formats, EncodeFixed);
  FinishInts(ColumnId::kFacility, records.facilities, EncodeFixed);
  FinishInts(ColumnId::kSeverity, records.severities, EncodeFixed);
  FinishInts(ColumnId::kFlags, records.flags, EncodeIntDictionary);
  FinishInts(ColumnId::kShape, records.shapes, EncodeIntDictionary);
  FinishText(ColumnId::kListener, records.listeners);
  FinishText(ColumnId::kTlsIdentity, records.tls_identities);
  FinishText(ColumnId::kHostname, records.hostnames);
  FinishText(ColumnId::kAppName, records.app_names);
  FinishText(ColumnId::kProcid, records.procids);
  FinishText(ColumnId::kMsgid, records.msgids);
  FinishText(ColumnId::kStructuredData, structured_data);
  FinishText(ColumnId::kMessage, messages);
  FinishText(ColumnId::kRaw, records.raws);
  FinishText(ColumnId::kTags, tags);
  WriteBlock(header, out);
}

std::string_view BlockEncoder::Impl::Encode(std::span<const std::span<const Record>> parts, Packing how) {
  Clear();
  packing = how;
  for (const std::span<const Record> part : parts)
    for (const Record& record : part) Add(record);
  Finish();
  return out.view();
}

BlockEncoder::BlockEncoder() : impl_(std::make_unique<Impl>()) {}
BlockEncoder::~BlockEncoder() = default;

std::string_view BlockEncoder::Encode(std::span<const std::span<const Record>> parts, Packing packing) {
  return impl_->Encode(parts, packing);
}

std::string_view BlockEncoder::Encode(std::span<RecordBatch* const> batches) {
  std::vector<std::span<const Record>> parts;
  for (RecordBatch* batch : batches) parts.emplace_back(batch->records());
  return impl_->Encode(parts, Packing::kCompressed);
}

const BlockSummary& BlockEncoder::summary() const { return impl_->header.summary; }

}  // namespace cistern
