#include "service/control/convert.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>

#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"

namespace cistern {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }

bool IsHeaderField(const std::string& text) { return std::all_of(text.begin(), text.end(), IsPrintable); }

void AppendStructuredData(const v1::Record& in, std::string& text) {
  if (in.structured_data().empty()) text += '-';
  for (const auto& element : in.structured_data()) {
    text += '[';
    text += element.id();
    for (const auto& param : element.params()) {
      text += ' ';
      text += param.name();
      text += "=\"";
      EscapeSdValue(param.value(), text);
      text += '"';
    }
    text += ']';
  }
}

// An imported field may hold what a header cannot show.
void AppendField(const std::string& field, std::string& text) {
  if (field.empty()) text += '-';
  for (const char c : field) text += IsPrintable(c) ? c : '?';
  text += ' ';
}

// RFC 5424 section 6, microseconds unless more digits are needed.
void AppendTime(const v1::Record& in, std::string& text) {
  if (!in.has_message_time()) {
    text += "- ";
    return;
  }
  const std::int64_t ns = FromProto(in.message_time());
  std::int64_t fraction = ns % kBillion;
  if (fraction < 0) fraction += kBillion;
  const std::time_t seconds = static_cast<std::time_t>((ns - fraction) / kBillion);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const bool micro = fraction % 1000 == 0;
  text += micro ? fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z ", utc, fraction / 1000)
                : fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z ", utc, fraction);
}

bool IsSdName(const std::string& text) {
  return !text.empty() && IsHeaderField(text) && text.find_first_of("=]\"") == std::string::npos;
}

std::string CheckFields(const v1::Record& in) {
  if (in.hostname().size() > 255 || !IsHeaderField(in.hostname()))
    return "hostname: printable ASCII, at most 255";
  if (in.app_name().size() > 48 || !IsHeaderField(in.app_name()))
    return "app_name: printable ASCII, at most 48";
  if (in.procid().size() > 128 || !IsHeaderField(in.procid())) return "procid: printable ASCII, at most 128";
  if (in.msgid().size() > 32 || !IsHeaderField(in.msgid())) return "msgid: printable ASCII, at most 32";
  return CheckValues(in);
}

}  // namespace

std::string PrintRfc5424(const v1::Record& in) {
  const int facility = in.facility() == 0 ? kFacilityUser : in.facility() - 1;
  const int severity = in.severity() == 0 ? kSeverityNotice : in.severity() - 1;
  std::string text = fmt::format("<{}>1 ", facility * 8 + severity);
  AppendTime(in, text);
  AppendField(in.hostname(), text);
  AppendField(in.app_name(), text);
  AppendField(in.procid(), text);
  AppendField(in.msgid(), text);
  AppendStructuredData(in, text);
  if (!in.message().empty()) text += ' ' + in.message();
  return text;
}

std::string CheckValues(const v1::Record& in) {
  if (in.facility() < 0 || in.facility() > 24) return "facility: not a known value";
  if (in.severity() < 0 || in.severity() > 8) return "severity: not a known value";
  for (const auto& element : in.structured_data()) {
    if (!IsSdName(element.id())) return "structured_data: bad id \"" + element.id() + "\"";
    for (const auto& param : element.params()) {
      if (!IsSdName(param.name())) return "structured_data: bad name \"" + param.name() + "\"";
    }
  }
  for (const auto& tag : in.tags()) {
    if (tag.name().empty() || tag.name().size() > kMaxTagName) return "tags: a name has 1 to 64 octets";
  }
  return {};
}

std::size_t ApproximateSize(const Record& record, bool include_raw) {
  std::size_t size = 96 + record.listener.size() + record.tls_identity.size() + record.hostname.size() +
                     record.app_name.size() + record.procid.size() + record.msgid.size() +
                     2 * record.structured_data.size() + record.message.size() + record.tags.size();
  if (include_raw || (record.flags & kFlagBadUtf8) != 0) size += std::max(record.raw.size(), size);
  return size;
}

std::string FromProto(const v1::Record& in, std::int64_t received, RecordBatch& batch, Record& out) {
  if (auto wrong = CheckFields(in); !wrong.empty()) return wrong;
  // One way in: rendered as RFC 5424 and parsed like any other message, so shape, flags and raw agree.
  ParseMessage(batch.arena().Copy(PrintRfc5424(in)), ParseContext{received, nullptr}, out);
  out.tags = CopyTags(in, batch);
  return {};
}

std::string_view CopyTags(const v1::Record& in, RecordBatch& batch) {
  std::string tags;
  for (const auto& tag : in.tags()) {
    const std::string name = IsEventTag(tag.name()) ? OriginTagOf(tag.name()) : tag.name();
    if (!name.empty()) AppendTag(tags, name, tag.value());
  }
  return batch.arena().Copy(tags);
}

std::string_view CopyStructuredData(const v1::Record& in, RecordBatch& batch) {
  if (in.structured_data().empty()) return {};
  std::string text;
  AppendStructuredData(in, text);
  return batch.arena().Copy(text);
}

}  // namespace cistern
