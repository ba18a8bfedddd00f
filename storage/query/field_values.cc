#include "storage/query/field_values.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "ingest/parse/payload/payload.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

using Rows = std::vector<std::uint32_t>;
using Each = std::function<void(std::uint32_t row, std::string_view value)>;

// RFC 3339, UTC, nanoseconds.
std::string TimeText(std::int64_t ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t fraction = ((ns % kSecond) + kSecond) % kSecond;
  const std::time_t seconds = (ns - fraction) / kSecond;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%09lldZ",
                                 utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                                 utc.tm_sec, static_cast<long long>(fraction));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool IsInt(Column column) { return column <= Column::kFlags; }

// Empty: the row has no value.
std::string IntText(Column column, std::int64_t value) {
  switch (column) {
    case Column::kTime:
    case Column::kReceived:
      return value == kNoTime ? "" : TimeText(value);
    case Column::kPort:
      return value == 0 ? "" : std::to_string(value);
    case Column::kTransport:
      return std::string(TransportName(static_cast<Transport>(value)));
    case Column::kFormat:
      return std::string(FormatName(static_cast<Format>(value)));
    case Column::kFacility:
      return std::string(FacilityName(static_cast<Facility>(value)));
    case Column::kSeverity:
      return std::string(SeverityName(static_cast<Severity>(value)));
    default:
      return std::to_string(value);
  }
}

void ColumnValues(BatchView& view, Column column, const Rows& rows, const Each& each) {
  if (IsInt(column)) {
    const auto values = view.Ints(column);
    for (const std::uint32_t row : rows)
      query::IntFieldValues(column, values[row], [&](std::string_view text) { each(row, text); });
    return;
  }
  const StringColumn values = view.Strings(column);
  for (const std::uint32_t row : rows) {
    if (!values[row].empty()) each(row, values[row]);
  }
}

void TagValues(BatchView& view, const std::string& name, const Rows& rows, const Each& each) {
  const StringColumn tags = view.Strings(Column::kTags);
  for (const std::uint32_t row : rows) {
    TagsReader reader(tags[row]);
    while (const auto tag = reader.Next()) {
      if (tag->name == name) each(row, tag->value);
    }
  }
}

void StructuredDataValues(BatchView& view, const FieldRef& field, const Rows& rows, const Each& each) {
  const StringColumn texts = view.Strings(Column::kStructuredData);
  std::string unescaped;
  for (const std::uint32_t row : rows) {
    StructuredDataReader reader(texts[row]);
    while (const auto item = reader.Next()) {
      if (item->id != field.sd_id || !item->has_param || item->name != field.key) continue;
      if (item->escaped) UnescapeSdValue(item->value, unescaped);
      each(row, item->escaped ? std::string_view(unescaped) : item->value);
    }
  }
}

Payload Extract(FieldRef::Kind kind, const Record& record) {
  switch (kind) {
    case FieldRef::Kind::kCef:
      return ExtractCef(record);
    case FieldRef::Kind::kLeef:
      return ExtractLeef(record);
    case FieldRef::Kind::kCisco:
      return ExtractCisco(record);
    default:
      return ExtractJson(record);
  }
}

void PayloadValues(BatchView& view, const FieldRef& field, const Rows& rows, const Each& each) {
  for (const std::uint32_t row : rows) {
    for (const PayloadField& found : Extract(field.kind, view.Row(row)).fields) {
      if (found.name == field.key) each(row, found.value);
    }
  }
}

}  // namespace

void query::IntFieldValues(Column column, std::int64_t value,
                           const std::function<void(std::string_view)>& each) {
  if (column != Column::kFlags) {
    const std::string text = IntText(column, value);
    if (!text.empty()) each(text);
    return;
  }
  for (int bit = 0; bit < 32; ++bit) {
    const auto mask = static_cast<std::uint32_t>(value) & (1u << bit);
    const std::string_view name = mask ? FlagName(mask) : std::string_view();
    if (!name.empty()) each(name);
  }
}

void FieldValues(BatchView& view, const FieldRef& field, const Rows& rows, const Each& each) {
  switch (field.kind) {
    case FieldRef::Kind::kColumn:
      return ColumnValues(view, field.column, rows, each);
    case FieldRef::Kind::kTag:
      return TagValues(view, field.key, rows, each);
    case FieldRef::Kind::kStructuredData:
      return StructuredDataValues(view, field, rows, each);
    default:
      return PayloadValues(view, field, rows, each);
  }
}

}  // namespace cistern
