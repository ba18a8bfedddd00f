// AdminService.Explain: one record, and why it looks as it does.
#include <fmt/format.h>

#include "ingest/message/shape.h"
#include "ingest/parse/payload/payload.h"
#include "proto/convert/utf8.h"
#include "service/control/admin_service.h"
#include "service/control/convert.h"
#include "service/control/status_map.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

struct FlagText {
  std::uint32_t flag;
  const char* text;
};
constexpr FlagText kFlagTexts[] = {
    {kFlagBadPri,
     "starts with \"<\" but not with a valid PRI (RFC 3164 section 4.3.3): facility user and severity "
     "notice assumed, the whole packet is the message"},
    {kFlagNoPri, "has no PRI: facility user and severity notice assumed"},
    {kFlagMalformed, "has a valid PRI but breaks the grammar of RFC 5424 behind it"},
    {kFlagLenient, "goes beyond its RFC in a harmless way and was accepted"},
    {kFlagBadTimestamp, "its timestamp is not valid and was not replaced by a guess"},
    {kFlagYearInferred, "its timestamp has no year: the year nearest to the receive time was chosen"},
    {kFlagZoneInferred, "its timestamp has no zone: the zone configured for its sender was used"},
    {kFlagClockSkew, "its timestamp and the receive time differ by more than five minutes"},
    {kFlagBom, "a UTF-8 byte order mark preceded the message"},
    {kFlagBadUtf8, "holds octets that are not UTF-8; they are stored unchanged"},
    {kFlagTruncated, "was longer than max_message_size; the rest was not kept"},
    {kFlagPartialFrame, "the stream ended inside this frame"},
    {kFlagImported, "came from an import with its original times"},
};

void Decisions(const Record& record, v1::ExplainResponse* out) {
  out->add_decisions(fmt::format(
      "arrived by {} on listener \"{}\"{}", TransportName(record.transport), ToUtf8(record.listener),
      record.peer.present() ? fmt::format(" from {} port {}", record.peer.ToString(), record.port)
                            : std::string()));
  switch (record.format) {
    case Format::kRfc5424:
      out->add_decisions("its header follows RFC 5424");
      break;
    case Format::kRfc3164:
      out->add_decisions("its header follows RFC 3164");
      break;
    case Format::kRaw:
      out->add_decisions("no grammar fits: stored raw");
      break;
  }
  for (const FlagText& entry : kFlagTexts) {
    if ((record.flags & entry.flag) != 0) out->add_decisions(entry.text);
  }
  if (record.format == Format::kRfc3164 && record.hostname.empty())
    out->add_decisions("its header names no host");
}

}  // namespace

grpc::Status ExplainRecord(Store& store, std::uint64_t record_id, const Filter& visible,
                           v1::ExplainResponse* out) {
  ScanOptions options;
  options.id_min = options.id_max = record_id;
  const auto scan = store.NewScan(options);
  for (;;) {
    auto batch = scan->Next();
    if (!batch) return ToGrpc(batch.error());
    if (!*batch) return ToGrpc(StoreErrc::kNotFound);
    const auto ids = (*batch)->Ints(Column::kId);
    for (std::size_t row = 0; row < ids.size(); ++row) {
      if (static_cast<std::uint64_t>(ids[row]) != record_id) continue;
      (*batch)->Check();
      const Record record = (*batch)->Row(row);
      if ((*batch)->damaged()) return ToGrpc(StoreErrc::kCorrupt);
      if (!visible.Matches(record)) return ToGrpc(StoreErrc::kNotFound);
      ToProto(record, true, out->mutable_record());
      Decisions(record, out);
      const Payload payload = ExtractPayload(record);
      if (payload.kind != PayloadKind::kNone)
        out->set_payload_kind(std::string(PayloadKindName(payload.kind)));
      for (const PayloadField& field : payload.fields) {
        auto* added = out->add_payload_fields();
        added->set_name(ToUtf8(field.name));
        added->set_value(ToUtf8(field.value));
      }
      out->set_raw_is_rebuilt(record.shape.code != kShapeRaw);
      ToProto(EventTime(record.time, record.received, std::chrono::minutes(5)), out->mutable_event_time());
      return grpc::Status::OK;
    }
  }
}

}  // namespace cistern
