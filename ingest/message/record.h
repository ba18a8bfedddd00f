// One syslog message as Cistern knows it, and the small enumerations it is made of.
//
// A Record owns nothing: its text fields are views, into the arena of the RecordBatch that holds it or
// into the decoded block that it was read from. It is valid as long as that owner.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "ingest/message/ip_address.h"

namespace cistern {

// Grows strictly in commit order; 0 is "none". Gaps are allowed.
enum class RecordId : std::uint64_t {};
constexpr std::uint64_t ToInt(RecordId id) { return static_cast<std::uint64_t>(id); }

// Numerical codes of RFC 5424 table 1 (0-23) and table 2 (0-7).
using Facility = std::uint8_t;
using Severity = std::uint8_t;
inline constexpr Facility kFacilityUser = 1;
inline constexpr Severity kSeverityNotice = 5;

// How the octets arrived. Values are stored on disk: never renumber.
enum class Transport : std::uint8_t {
  kUnknown = 0,
  kUdp = 1,
  kTcp = 2,
  kTls = 3,
  kUnix = 4,
  kGrpc = 5,
  kInternal = 6,  // made by the daemon itself
};

// Which grammar the header followed. Values are stored on disk: never renumber.
enum class Format : std::uint8_t {
  kRaw = 0,  // no grammar: the whole input is the message
  kRfc5424 = 1,
  kRfc3164 = 2,
};

// Bits of Record::flags. Values are stored on disk: never renumber.
enum RecordFlag : std::uint32_t {
  kFlagTruncated = 1u << 0,     // longer than max_message_size; the rest was not kept
  kFlagBadUtf8 = 1u << 1,       // some octets are not UTF-8
  kFlagBadPri = 1u << 2,        // starts with '<' but PRI is not valid (RFC 3164 4.3.3)
  kFlagNoPri = 1u << 3,         // no PRI: facility user, severity notice assumed
  kFlagBadTimestamp = 1u << 4,  // a timestamp was there and is not valid
  kFlagYearInferred = 1u << 5,  // the message time's year was chosen by nearness to receipt
  kFlagZoneInferred = 1u << 6,  // the message time's zone came from the configuration
  kFlagClockSkew = 1u << 7,     // message time and receive time differ by more than 5 minutes
  kFlagPartialFrame = 1u << 8,  // the stream ended inside this frame
  kFlagMalformed = 1u << 9,     // began as RFC 5424 or had a valid PRI, but broke its grammar
  kFlagLenient = 1u << 10,      // accepted beyond the RFC (over-long field, seven fraction digits ...)
  kFlagBom = 1u << 11,          // a UTF-8 byte order mark preceded the message; not part of `message`
  kFlagImported = 1u << 12,     // came from an import with its original times
};

// How the message was cut out of what the network gave. Not stored; shown per sender.
enum class FrameKind : std::uint8_t { kDatagram = 0, kLine = 1, kOctetCounting = 2 };

// Record::time when the message carried no usable time.
inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

// How to rebuild the octets as received from the parsed fields. Code 0 means "cannot": then
// Record::raw must be kept. The other codes belong to ingest/message/shape.h.
struct Shape {
  std::uint8_t code = 0;                // ShapeCode
  std::uint8_t fraction_digits = 0;     // 0-9 digits written after the second
  std::int16_t utc_offset_minutes = 0;  // of the written time (stated or assumed zone)
  std::uint16_t form = 0;               // ShapeForm bits: which optional parts were written
  bool operator==(const Shape&) const = default;
};

struct Record {
  RecordId id{};                // 0 until committed
  std::int64_t received = 0;    // ns since the Unix epoch, this machine's clock
  std::int64_t time = kNoTime;  // ns since the Unix epoch, as the sender stated it
  IpAddress peer;               // not present for Unix sockets and internal records
  std::uint16_t port = 0;       // of the peer; 0 when it has none
  Transport transport = Transport::kUnknown;
  FrameKind frame_kind = FrameKind::kDatagram;
  Format format = Format::kRaw;
  Facility facility = kFacilityUser;
  Severity severity = kSeverityNotice;
  Shape shape;
  std::uint32_t flags = 0;        // RecordFlag bits
  std::string_view listener;      // configured name of the listener
  std::string_view tls_identity;  // verified subject alternative name of the peer; else empty
  std::string_view hostname;      // the five header fields: empty when nil or absent
  std::string_view app_name;
  std::string_view procid;
  std::string_view msgid;
  std::string_view structured_data;  // as written, brackets and escapes included; empty when nil.
                                     // Read it with StructuredDataReader.
  std::string_view message;          // octets; may be invalid UTF-8 or hold NUL
  std::string_view raw;              // octets of the whole frame without trailing CR, LF and NUL.
                                     // Always set by the parser; empty in a stored record whose
                                     // shape can rebuild it (see RebuildRaw).
  std::string_view tags;             // encoded by TagsWriter, read by TagsReader; empty when none
};

// RFC 5424 keywords: "kern" ... "local7"; "emerg" ... "debug". Out of range: "".
std::string_view FacilityName(Facility facility);
std::string_view SeverityName(Severity severity);
// Accept the keyword in any case, the usual synonyms (`error`, `warn`, `panic`, `security`) and the number.
std::optional<Facility> ParseFacility(std::string_view text);
std::optional<Severity> ParseSeverity(std::string_view text);

// "udp" "tcp" "tls" "unix" "grpc" "internal", "" for unknown.
std::string_view TransportName(Transport transport);
std::optional<Transport> ParseTransport(std::string_view text);
// "raw" "rfc5424" "rfc3164".
std::string_view FormatName(Format format);
std::optional<Format> ParseFormat(std::string_view text);
// One bit -> "truncated", "bad_utf8", "bad_pri", "no_pri", "bad_timestamp", "year_inferred", "zone_inferred",
// "clock_skew", "partial_frame", "malformed", "lenient", "bom", "imported". Unknown bit: "".
std::string_view FlagName(std::uint32_t bit);
// Name -> bit, 0 when unknown.
std::uint32_t ParseFlag(std::string_view name);

}  // namespace cistern
