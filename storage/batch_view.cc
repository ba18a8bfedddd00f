#include "storage/batch_view.h"

#include "ingest/message/shape.h"

namespace cistern {
namespace {

std::int64_t IntOf(const Record& record, Column column) {
  switch (column) {
    case Column::kId:
      return static_cast<std::int64_t>(ToInt(record.id));
    case Column::kReceived:
      return record.received;
    case Column::kTime:
      return record.time;
    case Column::kPort:
      return record.port;
    case Column::kTransport:
      return static_cast<std::int64_t>(record.transport);
    case Column::kFormat:
      return static_cast<std::int64_t>(record.format);
    case Column::kFacility:
      return record.facility;
    case Column::kSeverity:
      return record.severity;
    case Column::kFlags:
      return record.flags;
    default:
      return 0;
  }
}

std::string_view StringOf(const Record& record, Column column) {
  switch (column) {
    case Column::kListener:
      return record.listener;
    case Column::kTlsIdentity:
      return record.tls_identity;
    case Column::kHostname:
      return record.hostname;
    case Column::kAppName:
      return record.app_name;
    case Column::kProcid:
      return record.procid;
    case Column::kMsgid:
      return record.msgid;
    case Column::kStructuredData:
      return record.structured_data;
    case Column::kMessage:
      return record.message;
    case Column::kTags:
      return record.tags;
    default:
      return {};
  }
}

constexpr std::size_t kColumns = static_cast<std::size_t>(Column::kPeer) + 1;

}  // namespace

StringColumn BatchView::StringsOf(Column column, std::span<const std::uint8_t>, std::size_t, std::size_t) {
  return Strings(column);
}

std::span<const std::int64_t> RecordsView::Ints(Column column) {
  ints_.resize(kColumns);
  auto& values = ints_[static_cast<std::size_t>(column)];
  if (values.empty()) {
    values.reserve(size_);
    for (std::size_t i = 0; i < size_; ++i) values.push_back(IntOf(At(i), column));
  }
  return values;
}

StringColumn RecordsView::Strings(Column column) {
  strings_.resize(kColumns);
  auto& values = strings_[static_cast<std::size_t>(column)];
  if (values.empty()) {
    values.reserve(size_);
    for (std::size_t i = 0; i < size_; ++i) {
      const Record& record = At(i);
      if (column == Column::kPeer) {
        values.push_back(printed_.emplace_back(record.peer.ToString()));
      } else if (column == Column::kRaw) {
        if (record.raw.empty()) RebuildRaw(record, printed_.emplace_back());
        values.push_back(record.raw.empty() ? std::string_view(printed_.back()) : record.raw);
      } else {
        values.push_back(StringOf(record, column));
      }
    }
  }
  return {values, {}};
}

BatchView::PeerColumn RecordsView::Peers() {
  if (peers_.empty()) {
    for (std::size_t i = 0; i < size_; ++i) {
      peer_codes_.push_back(static_cast<std::uint32_t>(peers_.size()));
      peers_.push_back(At(i).peer);
    }
  }
  return {peers_, peer_codes_};
}

}  // namespace cistern
