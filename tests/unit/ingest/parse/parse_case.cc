#include "tests/unit/ingest/parse/parse_case.h"

#include <chrono>
#include <cstdio>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"

namespace cistern {
namespace {

constexpr std::uint32_t kFlagsNotShown = kFlagClockSkew | kFlagYearInferred | kFlagZoneInferred;

std::string WithoutTrailer(std::string_view input) {
  const std::size_t end = input.find_last_not_of(std::string_view("\r\n\0", 3));
  return std::string(input.substr(0, end == input.npos ? 0 : end + 1));
}

std::string TimeText(std::int64_t time) {
  using namespace std::chrono;
  const sys_time<nanoseconds> instant{nanoseconds(time)};
  const year_month_day date(floor<days>(instant));
  const hh_mm_ss<nanoseconds> clock(instant - floor<days>(instant));
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string out = text;
  if (const auto fraction = clock.subseconds().count(); fraction != 0) {
    std::snprintf(text, sizeof text, ".%09d", static_cast<int>(fraction));
    out += text;
    while (out.ends_with('0')) out.pop_back();
  }
  return out + "Z";
}

std::string FlagsText(std::uint32_t flags) {
  std::string out;
  for (int bit = 0; bit < 32; ++bit) {
    if ((flags & ~kFlagsNotShown & (1u << bit)) == 0) continue;
    out += (out.empty() ? "" : ",") + std::string(FlagName(1u << bit));
  }
  return out;
}

std::string SdText(std::string_view structured_data) {
  std::string out;
  StructuredDataReader reader(structured_data);
  while (const auto item = reader.Next()) {
    out += ' ' + std::string(item->id);
    if (!item->has_param) continue;
    std::string value;
    UnescapeSdValue(item->value, value);
    out += '.' + std::string(item->name) + '=' + value;
  }
  return out;
}

}  // namespace

Record ParseChecked(std::string_view input, const ParseContext& context) {
  Record record;
  ParseMessage(input, context, record);
  EXPECT_EQ(record.raw, WithoutTrailer(input));
  if (record.shape.code != kShapeRaw) {
    Record stored = record;
    stored.raw = {};
    std::string rebuilt;
    RebuildRaw(stored, rebuilt);
    EXPECT_EQ(rebuilt, record.raw) << "shape " << static_cast<int>(record.shape.code);
  }
  EXPECT_LE(record.facility, 23);
  EXPECT_LE(record.severity, 7);
  return record;
}

std::string ToLogfmt(const Record& record) {
  std::string out(FormatName(record.format));
  out += ' ' + std::string(FacilityName(record.facility)) + '.' + std::string(SeverityName(record.severity));
  if (record.time != kNoTime) out += ' ' + TimeText(record.time);
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out += ' ' + std::string(name) + '=' + std::string(value);
  };
  add("host", record.hostname);
  add("app", record.app_name);
  add("procid", record.procid);
  add("msgid", record.msgid);
  out += SdText(record.structured_data);
  add("flags", FlagsText(record.flags));
  add("msg", record.message);
  return out;
}

}  // namespace cistern
