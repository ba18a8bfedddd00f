#include "ingest/parse/parser.h"

#include "ingest/message/shape.h"
#include "ingest/parse/pri.h"
#include "ingest/parse/rfc3164.h"
#include "ingest/parse/rfc5424.h"
#include "ingest/parse/utf8.h"

namespace cistern {
namespace {

constexpr std::uint32_t kFramingFlags = kFlagTruncated | kFlagPartialFrame;
constexpr std::uint32_t kFlagsOfRaw =
    kFramingFlags | kFlagBadUtf8 | kFlagBadPri | kFlagNoPri | kFlagBadTimestamp;

std::string_view WithoutTrailer(std::string_view input) {
  while (!input.empty() && (input.back() == '\n' || input.back() == '\r' || input.back() == '\0')) {
    input.remove_suffix(1);
  }
  return input;
}

void ClearFields(Record& record) {
  record.time = kNoTime;
  record.format = Format::kRaw;
  record.shape = {};
  record.hostname = record.app_name = record.procid = record.msgid = {};
  record.structured_data = record.message = {};
}

// No grammar fits: the whole input is the message.
void FillRaw(Record& record) {
  ClearFields(record);
  record.flags &= kFlagsOfRaw;
  record.shape.code = kShapeMessageOnly;
  record.message = record.raw;
}

void ParseHeader(std::string_view text, bool has_pri, const ParseContext& context, Record& record) {
  if (text.starts_with("1 ")) {
    if (ParseRfc5424(text, context, record)) {
      record.format = Format::kRfc5424;
    } else {
      FillRaw(record);
      // Without PRI nothing says that this was meant to be RFC 5424.
      if (has_pri) record.flags |= kFlagMalformed;
      if (!has_pri) record.flags &= ~kFlagBadTimestamp;
    }
  } else if (ParseRfc3164(text, has_pri, context, record)) {
    record.format = Format::kRfc3164;
  } else {
    FillRaw(record);
  }
  if (!has_pri && record.format != Format::kRaw) record.shape.form |= kFormNoPri;
}

}  // namespace

void ParseMessage(std::string_view input, const ParseContext& context, Record& record) {
  ClearFields(record);
  record.raw = WithoutTrailer(input);
  record.flags &= kFramingFlags;
  record.facility = kFacilityUser;
  record.severity = kSeverityNotice;
  if (!IsUtf8(record.raw)) record.flags |= kFlagBadUtf8;

  const bool bracket = record.raw.starts_with('<');
  const Pri pri = bracket ? ScanPri(record.raw) : Pri{};
  if (bracket && pri.size == 0) {
    record.flags |= kFlagBadPri;
    FillRaw(record);
    return;
  }
  if (bracket) {
    record.facility = static_cast<Facility>(pri.value >> 3);
    record.severity = static_cast<Severity>(pri.value & 7);
  } else {
    record.flags |= kFlagNoPri;
  }
  ParseHeader(record.raw.substr(pri.size), bracket, context, record);
}

}  // namespace cistern
