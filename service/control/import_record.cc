#include "service/control/import_record.h"

#include <algorithm>

#include "ingest/message/rfc5424_text.h"
#include "ingest/message/shape.h"
#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"
#include "service/control/convert.h"

namespace cistern {
namespace {

constexpr std::int64_t kDay = 86'400'000'000'000;
constexpr std::int64_t kMinute = 60'000'000'000;
constexpr std::uint32_t kFramingFlags = kFlagTruncated | kFlagPartialFrame;
// Flags that say how the octets at hand are to be read, whatever the record was once.
constexpr std::uint32_t kOctetFlags = kFlagBom | kFlagBadUtf8;

std::uint32_t FlagsOf(const v1::Record& in) {
  std::uint32_t flags = 0;
  for (const int flag : in.flags()) {
    if (flag > 0 && flag <= 31) flags |= 1u << (flag - 1);
  }
  return flags;
}

// The octets are kept from here on; no form has to rebuild them.
void KeepRaw(Record& out) { out.shape.code = kShapeRaw; }

// Another time than the parser's: the zone or the year were known better where the message was received.
void SetTime(std::int64_t time, Record& out) {
  if (out.time == time) return;
  const std::int64_t shown = out.time == kNoTime ? 0 : out.time + out.shape.utc_offset_minutes * kMinute;
  std::int64_t offset = (shown % kDay - time % kDay) % kDay;
  if (offset > kDay / 2) offset -= kDay;
  if (offset < -kDay / 2) offset += kDay;
  out.time = time;
  out.shape.utc_offset_minutes = static_cast<std::int16_t>(offset / kMinute);
  Record stored = out;
  stored.raw = {};
  std::string rebuilt;
  RebuildRaw(stored, rebuilt);
  if (rebuilt != out.raw) KeepRaw(out);
}

void ReadOctets(std::string_view octets, const v1::Record& in, std::int64_t received, RecordBatch& batch,
                Record& out) {
  out.flags = FlagsOf(in) & kFramingFlags;
  ParseMessage(batch.arena().Copy(octets), ParseContext{received, nullptr}, out);
  if (!in.has_message_time()) return;
  SetTime(FromProto(in.message_time()), out);
  JudgeClock(received, out);
}

// What RFC 5424 could not carry is set beside it. `field` lives as long as the batch.
void Restore(std::string_view field, std::string_view& to, Record& out) {
  if (to == field) return;
  to = field;
  KeepRaw(out);
}

void ReadFields(const v1::Record& in, std::int64_t received, RecordBatch& batch, Record& out) {
  ReadOctets(PrintRfc5424(in), in, received, batch, out);
  Restore(batch.arena().Copy(in.hostname()), out.hostname, out);
  Restore(batch.arena().Copy(in.app_name()), out.app_name, out);
  Restore(batch.arena().Copy(in.procid()), out.procid, out);
  Restore(batch.arena().Copy(in.msgid()), out.msgid, out);
  Restore(batch.arena().Copy(in.message()), out.message, out);
  Restore(CopyStructuredData(in, batch), out.structured_data, out);
  out.flags = (FlagsOf(in) & ~kOctetFlags) | (out.flags & kOctetFlags);
  if (in.format() != v1::FORMAT_UNSPECIFIED) out.format = static_cast<Format>(in.format() - 1);
}

void SetOrigin(const v1::Record& in, RecordBatch& batch, Record& out) {
  out.peer = IpAddress::Parse(in.peer_address()).value_or(IpAddress());
  out.port = static_cast<std::uint16_t>(in.peer_port());
  out.transport = static_cast<Transport>(in.transport());
  // Not by this daemon.
  if (out.transport == Transport::kInternal) out.transport = Transport::kGrpc;
  out.listener = batch.arena().Copy(in.listener());
  out.tls_identity = batch.arena().Copy(in.tls_identity());
}

std::string CheckOrigin(const v1::Record& in) {
  if (!in.peer_address().empty() && !IpAddress::Parse(in.peer_address())) {
    return "peer_address: not an IP address";
  }
  if (in.peer_port() > 65535) return "peer_port: at most 65535";
  if (!v1::Transport_IsValid(in.transport())) return "transport: not a known value";
  if (!v1::Format_IsValid(in.format())) return "format: not a known value";
  if (in.listener().size() > 255) return "listener: at most 255 octets";
  if (in.tls_identity().size() > 1024) return "tls_identity: at most 1024 octets";
  return {};
}

// Nothing was received before there were clocks, nor after now. 0: not known.
void SetReceived(std::int64_t received, std::int64_t now, Record& out) {
  if (received == 0) {
    received = out.time == kNoTime ? now : out.time;
    out.flags &= ~static_cast<std::uint32_t>(kFlagClockSkew);
  }
  out.received = std::clamp<std::int64_t>(received, 1, now);
  out.flags |= kFlagImported;
}

}  // namespace

std::string ImportRecord(const v1::Record& in, std::int64_t now, RecordBatch& batch, Record& out) {
  if (auto wrong = CheckOrigin(in); !wrong.empty()) return wrong;
  if (auto wrong = CheckValues(in); !wrong.empty()) return wrong;
  const std::int64_t received = in.has_received_time() ? FromProto(in.received_time()) : 0;
  const std::int64_t reference = received != 0 ? received : now;
  if (!in.raw().empty()) {
    ReadOctets(in.raw(), in, reference, batch, out);
  } else if (in.format() == v1::FORMAT_RAW) {
    ReadOctets(in.message(), in, reference, batch, out);
  } else {
    ReadFields(in, reference, batch, out);
  }
  SetOrigin(in, batch, out);
  if (out.transport == Transport::kUnknown && out.listener.empty()) out.listener = "import";
  SetReceived(received, now, out);
  out.tags = CopyTags(in, batch);
  return {};
}

std::string RelayedRecord(const v1::Record& in, std::int64_t now, RecordBatch& batch, Record& out) {
  if (in.raw().empty()) return "raw: a relayed record carries its octets";
  if (auto wrong = CheckOrigin(in); !wrong.empty()) return wrong;
  if (auto wrong = CheckValues(in); !wrong.empty()) return wrong;
  ReadOctets(in.raw(), in, now, batch, out);
  // How old the record was, its zone and year were judged where it was received.
  out.flags = (FlagsOf(in) & ~(kOctetFlags | kFlagImported)) | (out.flags & kOctetFlags);
  SetOrigin(in, batch, out);
  out.received = now;
  out.tags = CopyTags(in, batch);
  return {};
}

void MarkImported(std::int64_t now, Record& out) {
  out.listener = "import";
  SetReceived(0, now, out);
}

}  // namespace cistern
