#include "storage/sql/columns.h"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <type_traits>

#include "ingest/message/shape.h"
#include "ingest/message/tags.h"

namespace cistern::sql {
namespace {

void SetText(sqlite3_context* context, std::string_view text) {
  if (text.empty()) return sqlite3_result_null(context);
  sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

std::string Flags(std::uint32_t flags) {
  std::string names;
  for (std::uint32_t rest = flags; rest != 0; rest &= rest - 1) {
    if (!names.empty()) names += ' ';
    names += FlagName(rest & (0 - rest));
  }
  return names;
}

void AppendJsonText(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

// [{"name":"..","value":".."}, ...], since names may repeat.
std::string TagsJson(std::string_view encoded) {
  std::string json;
  TagsReader reader(encoded);
  while (const auto tag = reader.Next()) {
    json += json.empty() ? "[{\"name\":" : ",{\"name\":";
    AppendJsonText(tag->name, json);
    json += ",\"value\":";
    AppendJsonText(tag->value, json);
    json += '}';
  }
  return json.empty() ? json : json + "]";
}

std::string Raw(const Record& record) {
  std::string raw;
  RebuildRaw(record, raw);
  return raw;
}

struct TextColumn {
  LogsColumn used;
  Column column;
  std::string_view Record::*field;
};
constexpr TextColumn kTexts[] = {
    {kHostname, Column::kHostname, &Record::hostname},
    {kAppName, Column::kAppName, &Record::app_name},
    {kProcid, Column::kProcid, &Record::procid},
    {kMsgid, Column::kMsgid, &Record::msgid},
    {kListener, Column::kListener, &Record::listener},
    {kTlsIdentity, Column::kTlsIdentity, &Record::tls_identity},
    {kMessage, Column::kMessage, &Record::message},
    {kStructuredData, Column::kStructuredData, &Record::structured_data},
    {kTags, Column::kTags, &Record::tags},
};

struct NumberColumn {
  LogsColumn used;
  Column column;
};
constexpr NumberColumn kNumbers[] = {
    {kId, Column::kId},
    {kTime, Column::kTime},
    {kReceived, Column::kReceived},
    {kFacility, Column::kFacility},
    {kSeverity, Column::kSeverity},
    {kSeverityName, Column::kSeverity},
    {kPort, Column::kPort},
    {kTransport, Column::kTransport},
    {kFormat, Column::kFormat},
    {kFlags, Column::kFlags},
};

}  // namespace

const char kDeclaration[] =
    "CREATE TABLE logs (id INTEGER, time TEXT, received TEXT, hostname TEXT, app_name TEXT, procid TEXT, "
    "msgid TEXT, "
    "facility TEXT, severity INTEGER, severity_name TEXT, peer TEXT, port INTEGER, transport TEXT, listener "
    "TEXT, "
    "tls_identity TEXT, format TEXT, flags TEXT, message TEXT, raw TEXT, structured_data TEXT, tags TEXT)";

std::string SqlTime(std::int64_t ns) {
  using namespace std::chrono;
  const sys_seconds second{floor<seconds>(nanoseconds(ns))};
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  const std::int64_t fraction = (ns % 1'000'000'000 + 1'000'000'000) % 1'000'000'000;
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%09lld", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<long long>(fraction));
  return text;
}

ColumnReader::ColumnReader(BatchView& view, ColumnMask used) : view_(view), used_(used) {
  if (Uses(kRaw)) return;
  for (const auto& [used_column, column] : kNumbers)
    if (Uses(used_column)) numbers_[static_cast<std::size_t>(column)] = view.Ints(column);
  for (const auto& [used_column, column, field] : kTexts)
    if (Uses(used_column)) texts_.push_back({field, view.Strings(column)});
  if (Uses(kPeer)) peers_ = view.Peers();
}

Record ColumnReader::Row(std::size_t row) const {
  if (Uses(kRaw)) return view_.Row(row);  // it is made of the others
  const auto number = [&](Column column, auto& field) {
    const std::span<const std::int64_t> values = numbers_[static_cast<std::size_t>(column)];
    if (!values.empty()) field = static_cast<std::remove_reference_t<decltype(field)>>(values[row]);
  };
  Record record;
  number(Column::kId, record.id);
  number(Column::kTime, record.time);
  number(Column::kReceived, record.received);
  number(Column::kFacility, record.facility);
  number(Column::kSeverity, record.severity);
  number(Column::kPort, record.port);
  number(Column::kTransport, record.transport);
  number(Column::kFormat, record.format);
  number(Column::kFlags, record.flags);
  if (!peers_.codes.empty()) record.peer = peers_.values[peers_.codes[row]];
  for (const auto& [field, column] : texts_) record.*field = column[row];
  return record;
}

void SetResult(sqlite3_context* context, const Record& record, int column) {
  switch (column) {
    case kId:
      return sqlite3_result_int64(context, static_cast<sqlite3_int64>(ToInt(record.id)));
    case kTime:
      return SetText(context, record.time == kNoTime ? std::string() : SqlTime(record.time));
    case kReceived:
      return SetText(context, SqlTime(record.received));
    case kHostname:
      return SetText(context, record.hostname);
    case kAppName:
      return SetText(context, record.app_name);
    case kProcid:
      return SetText(context, record.procid);
    case kMsgid:
      return SetText(context, record.msgid);
    case kFacility:
      return SetText(context, FacilityName(record.facility));
    case kSeverity:
      return sqlite3_result_int(context, record.severity);
    case kSeverityName:
      return SetText(context, SeverityName(record.severity));
    case kPeer:
      return SetText(context, record.peer.present() ? record.peer.ToString() : std::string());
    case kPort:
      return record.port == 0 ? sqlite3_result_null(context) : sqlite3_result_int(context, record.port);
    case kTransport:
      return SetText(context, TransportName(record.transport));
    case kListener:
      return SetText(context, record.listener);
    case kTlsIdentity:
      return SetText(context, record.tls_identity);
    case kFormat:
      return SetText(context, FormatName(record.format));
    case kFlags:
      return SetText(context, Flags(record.flags));
    case kMessage:
      return sqlite3_result_text64(context, record.message.data() == nullptr ? "" : record.message.data(),
                                   record.message.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    case kRaw:
      return SetText(context, Raw(record));
    case kStructuredData:
      return SetText(context, record.structured_data);
    case kTags:
      return SetText(context, TagsJson(record.tags));
    default:
      return sqlite3_result_null(context);
  }
}

}  // namespace cistern::sql
