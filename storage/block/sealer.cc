#include <algorithm>

#include "storage/block/column_set_writer.h"
#include "storage/block/index_builder.h"
#include "storage/block/int_codec.h"
#include "storage/block/record_columns.h"
#include "storage/block/row_orders.h"
#include "storage/block/sealed_block.h"
#include "storage/block/text_column_writer.h"

namespace cistern {
namespace {

// Whether a column is better off as a dictionary than taken apart into templates.
bool Repeats(const DictionaryColumn& column) { return column.values().size() * 8 <= column.codes().size(); }

// Records and texts were written long ago: they are fetched ahead.
void Prefetch(std::span<const Record> records, std::ptrdiff_t at) {
  constexpr std::size_t kAhead = 6, kTextAhead = 3;
  const auto index = static_cast<std::size_t>(at);
  if (index + kAhead >= records.size()) return;
  const char* const record = reinterpret_cast<const char*>(&records[index + kAhead]);
  for (std::size_t line = 0; line < sizeof(Record); line += 64) __builtin_prefetch(record + line);
  const std::string_view text = records[index + kTextAhead].message;
  for (std::size_t line = 0; line < std::min<std::size_t>(text.size(), 256); line += 64)
    __builtin_prefetch(text.data() + line);
}

std::vector<std::string> PrintedPeers(std::span<const std::string_view> octets) {
  std::vector<std::string> printed;
  for (const std::string_view peer : octets) {
    IpAddress address;
    ReadPeer(peer, address);
    printed.push_back(address.ToString());
  }
  return printed;
}

}  // namespace

struct BlockSealer::Impl {
  Impl() : columns(compressor), messages(compressor), structured_data(compressor), procids(compressor) {}

  SealedBlock Seal(std::span<const std::span<const Record>> parts);
  void Collect(std::span<const std::span<const Record>> parts);
  void SortRows();
  void PutMessages();
  void PutStructuredData();
  void PutTexts(TextColumnWriter& texts, ColumnId id, ColumnId templates, ColumnId frames, RowOrder order,
                const TextColumnWriter::Listener& listener);
  void PutInts();
  void PutStrings();
  void PutProcids();
  void AddTexts(const DictionaryColumn& column, TextColumnWriter& texts) const;
  void IndexInts();
  void IndexStrings();
  std::span<const std::uint32_t> RowsIn(RowOrder order) const;

  RecordColumns records;
  DictionaryColumn sd_texts, tags;
  Compressor compressor;
  ColumnSetWriter columns;
  TextColumnWriter messages, structured_data, procids;
  std::vector<std::uint32_t> by_shape, by_origin;
  std::vector<std::int64_t> template_of_row;
  ByteBuffer directory;
  IndexBuilder index;
};

void BlockSealer::Impl::Collect(std::span<const std::span<const Record>> parts) {
  records.Clear();
  sd_texts.Clear();
  tags.Clear();
  columns.Clear();
  for (TextColumnWriter* texts : {&messages, &structured_data, &procids}) texts->Clear();
  for (const std::span<const Record> part : parts) {
    for (const Record& record : part) {
      Prefetch(part, &record - part.data());
      records.Add(record);
      sd_texts.Add(record.structured_data);
      tags.Add(record.tags);
      messages.Add(record.message);
    }
  }
}

void BlockSealer::Impl::SortRows() {
  by_shape = AllRows(records.ids.size());
  SortByCode(RanksOf(records.shapes), by_shape);
  by_origin = by_shape;
  SortByCode(records.hostnames.repeats() ? records.hostnames.codes() : std::span<const std::uint32_t>(),
             by_origin);
  SortByCode(records.app_names.repeats() ? records.app_names.codes() : std::span<const std::uint32_t>(),
             by_origin);
}

std::span<const std::uint32_t> BlockSealer::Impl::RowsIn(RowOrder order) const {
  switch (order) {
    case RowOrder::kTemplate:
      return messages.order().rows();
    case RowOrder::kShape:
      return by_shape;
    case RowOrder::kOrigin:
      return by_origin;
    default:
      return {};
  }
}

void BlockSealer::Impl::PutTexts(TextColumnWriter& texts, ColumnId id, ColumnId templates, ColumnId frames,
                                 RowOrder order, const TextColumnWriter::Listener& listener) {
  texts.Finish(listener, directory);
  columns.AddPayload(id, Codec::kTemplates, directory.view(), order, true);
  const std::span<const std::uint16_t> numbers = texts.template_of_row();
  template_of_row.assign(numbers.begin(), numbers.end());
  columns.AddInts(templates, template_of_row, EncodeFixed, EncodePacked, RowOrder::kRow, {});
  if (!texts.frames().empty())
    columns.AddPayload(frames, Codec::kFrames, texts.frames(), RowOrder::kRow, false);
}

void BlockSealer::Impl::PutMessages() {
  PutTexts(messages, ColumnId::kMessage, ColumnId::kMessageTemplates, ColumnId::kMessageFrames,
           RowOrder::kRow, [&](auto pieces, auto count, auto slots) {
             index.AddTemplate(Column::kMessage, pieces, count, slots);
           });
}

void BlockSealer::Impl::PutStructuredData() {
  if (sd_texts.empty()) return;
  if (Repeats(sd_texts)) {
    index.AddStrings(Column::kStructuredData, {sd_texts.values(), sd_texts.codes()});
    return columns.AddStrings(ColumnId::kStructuredData, sd_texts, RowOrder::kOrigin, by_origin);
  }
  AddTexts(sd_texts, structured_data);
  PutTexts(structured_data, ColumnId::kStructuredData, ColumnId::kSdTemplates, ColumnId::kSdFrames,
           RowOrder::kOrigin, [&](auto pieces, auto count, auto slots) {
             index.AddTemplate(Column::kStructuredData, pieces, count, slots);
           });
}

// Few processes: a dictionary. A new one for each session: numbers that grow slowly.
void BlockSealer::Impl::PutProcids() {
  if (Repeats(records.procids))
    return columns.AddStrings(ColumnId::kProcid, records.procids, RowOrder::kOrigin, by_origin);
  AddTexts(records.procids, procids);
  PutTexts(procids, ColumnId::kProcid, ColumnId::kProcidTemplates, ColumnId::kProcidFrames, RowOrder::kOrigin,
           [](auto, auto, auto) {});
}

void BlockSealer::Impl::AddTexts(const DictionaryColumn& column, TextColumnWriter& texts) const {
  for (const std::uint32_t row : by_origin) texts.Add(column.values()[column.codes()[row]]);
}

void BlockSealer::Impl::PutInts() {
  const auto put = [&](ColumnId id, std::span<const std::int64_t> values, ColumnSetWriter::EncodeInts encode,
                       ColumnSetWriter::EncodeInts or_encode, RowOrder order = RowOrder::kRow) {
    columns.AddInts(id, values, encode, or_encode, order, RowsIn(order));
  };
  if (!records.IdsAreDense()) put(ColumnId::kIds, records.ids, EncodeDelta, nullptr);
  put(ColumnId::kReceived, records.received, EncodeDelta, nullptr);
  put(ColumnId::kTimeUnit, records.times.units(), EncodeFixed, nullptr, RowOrder::kShape);
  put(ColumnId::kTime, records.times.deltas(), EncodeVarints, nullptr);
  put(ColumnId::kPort, records.ports, EncodeIntDictionary, EncodePackedIntDictionary);
  put(ColumnId::kTransport, records.transports, EncodeFixed, EncodePacked);
  put(ColumnId::kFormat, records.formats, EncodeFixed, nullptr, RowOrder::kShape);
  put(ColumnId::kFacility, records.facilities, EncodeFixed, EncodePacked, RowOrder::kTemplate);
  put(ColumnId::kSeverity, records.severities, EncodeFixed, EncodePacked, RowOrder::kTemplate);
  put(ColumnId::kFlags, records.flags, EncodeIntDictionary, EncodePackedIntDictionary, RowOrder::kShape);
  put(ColumnId::kShape, records.shapes, EncodeIntDictionary, EncodePackedIntDictionary);
}

void BlockSealer::Impl::PutStrings() {
  const auto put = [&](ColumnId id, DictionaryColumn& column, RowOrder order) {
    columns.AddStrings(id, column, order, RowsIn(order));
  };
  put(ColumnId::kPeer, records.peers, RowOrder::kRow);
  put(ColumnId::kListener, records.listeners, RowOrder::kRow);
  put(ColumnId::kTlsIdentity, records.tls_identities, RowOrder::kRow);
  put(ColumnId::kHostname, records.hostnames, RowOrder::kRow);
  put(ColumnId::kAppName, records.app_names, RowOrder::kTemplate);
  put(ColumnId::kMsgid, records.msgids, RowOrder::kTemplate);
  put(ColumnId::kTags, tags, RowOrder::kOrigin);
  PutProcids();
  if (records.raws.empty()) return;
  directory.Clear();
  records.raws.Encode(directory);
  columns.AddPayload(ColumnId::kRaw, Codec::kStrings, directory.view(), RowOrder::kRow, true);
}

void BlockSealer::Impl::IndexInts() {
  index.AddInts(Column::kPort, records.ports);
  index.AddInts(Column::kTransport, records.transports);
  index.AddInts(Column::kFormat, records.formats);
  index.AddInts(Column::kFacility, records.facilities);
  index.AddInts(Column::kSeverity, records.severities);
  index.AddInts(Column::kFlags, records.flags);
}

void BlockSealer::Impl::IndexStrings() {
  const auto add = [&](Column column, const DictionaryColumn& values) {
    if (!values.empty()) index.AddStrings(column, {values.values(), values.codes()});
  };
  add(Column::kListener, records.listeners);
  add(Column::kTlsIdentity, records.tls_identities);
  add(Column::kHostname, records.hostnames);
  add(Column::kAppName, records.app_names);
  add(Column::kProcid, records.procids);
  add(Column::kMsgid, records.msgids);
  add(Column::kTags, tags);
  const std::vector<std::string> printed = PrintedPeers(records.peers.values());
  const std::vector<std::string_view> peers(printed.begin(), printed.end());
  index.AddStrings(Column::kPeer, {peers, records.peers.codes()});
}

SealedBlock BlockSealer::Impl::Seal(std::span<const std::span<const Record>> parts) {
  Collect(parts);
  SealedBlock block{.summary = records.Summary()};
  index.Begin(block.summary);
  SortRows();
  PutMessages();
  PutStructuredData();
  PutInts();
  PutStrings();
  IndexInts();
  IndexStrings();
  block.data = std::make_shared<const std::string>(columns.Finish(block.summary));
  index.Finish(block);
  return block;
}

BlockSealer::BlockSealer() : impl_(std::make_unique<Impl>()) {}
BlockSealer::~BlockSealer() = default;

SealedBlock BlockSealer::Seal(std::span<const std::span<const Record>> parts) { return impl_->Seal(parts); }

}  // namespace cistern
