#include "ingest/message/shape.h"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern {
namespace {

constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

void AppendNumber(std::string& out, unsigned value, int width, char pad = '0') {
  char digits[12];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  for (auto written = end - digits; written < width; ++written) out.push_back(pad);
  out.append(digits, end);
}

// The time of a record as the sender's clock showed it.
struct Civil {
  Civil(std::int64_t time, int offset_minutes) {
    using namespace std::chrono;
    // In seconds: the first day that 64 bits of nanoseconds can show does not begin within them.
    const sys_seconds local{floor<seconds>(nanoseconds(time)) + minutes(offset_minutes)};
    const auto day = floor<days>(local);
    const std::int64_t fraction = (time % 1'000'000'000 + 1'000'000'000) % 1'000'000'000;
    date = year_month_day(day);
    clock = hh_mm_ss<nanoseconds>(local - day + nanoseconds(fraction));
  }
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::nanoseconds> clock;
};

void AppendClock(std::string& out, const Civil& civil, int fraction_digits) {
  AppendNumber(out, static_cast<unsigned>(civil.clock.hours().count()), 2);
  out.push_back(':');
  AppendNumber(out, static_cast<unsigned>(civil.clock.minutes().count()), 2);
  out.push_back(':');
  AppendNumber(out, static_cast<unsigned>(civil.clock.seconds().count()), 2);
  if (fraction_digits == 0) return;
  out.push_back('.');
  std::size_t start = out.size();
  AppendNumber(out, static_cast<unsigned>(civil.clock.subseconds().count()), 9);
  out.resize(start + static_cast<std::size_t>(fraction_digits));
}

void AppendIsoTime(std::string& out, const Civil& civil, const Shape& shape) {
  AppendNumber(out, static_cast<unsigned>(static_cast<int>(civil.date.year())), 4);
  out.push_back('-');
  AppendNumber(out, static_cast<unsigned>(civil.date.month()), 2);
  out.push_back('-');
  AppendNumber(out, static_cast<unsigned>(civil.date.day()), 2);
  out.push_back('T');
  AppendClock(out, civil, shape.fraction_digits);
}

void AppendOffset(std::string& out, int minutes) {
  out.push_back(minutes < 0 ? '-' : '+');
  auto distance = static_cast<unsigned>(minutes < 0 ? -minutes : minutes);
  AppendNumber(out, distance / 60, 2);
  out.push_back(':');
  AppendNumber(out, distance % 60, 2);
}

void AppendBsdTime(std::string& out, const Civil& civil, const Shape& shape) {
  const std::string_view month = kMonths[static_cast<unsigned>(civil.date.month()) - 1];
  for (char c : month) out.push_back(shape.form & kFormUpperMonth ? static_cast<char>(c & ~0x20) : c);
  out.push_back(' ');
  auto day = static_cast<unsigned>(civil.date.day());
  AppendNumber(out, day, shape.code == kShape3164BareDay ? 1 : 2,
               shape.code == kShape3164ZeroDay ? '0' : ' ');
  out.push_back(' ');
  if (shape.form & kFormYear) {
    AppendNumber(out, static_cast<unsigned>(static_cast<int>(civil.date.year())), 4);
    out.push_back(' ');
  }
  AppendClock(out, civil, shape.fraction_digits);
}

void AppendTime(std::string& out, const Record& record) {
  const Shape& shape = record.shape;
  if (shape.code == kShape5424NilTime) {
    out.push_back('-');
    return;
  }
  Civil civil(record.time, shape.utc_offset_minutes);
  switch (shape.code) {
    case kShape5424Z:
    case kShape3164IsoZ:
      AppendIsoTime(out, civil, shape);
      out.push_back('Z');
      break;
    case kShape5424Offset:
    case kShape3164IsoOffset:
      AppendIsoTime(out, civil, shape);
      AppendOffset(out, shape.utc_offset_minutes);
      break;
    case kShape3164IsoLocal:
      AppendIsoTime(out, civil, shape);
      break;
    default:
      AppendBsdTime(out, civil, shape);
  }
}

void AppendPri(std::string& out, const Record& record) {
  if (record.shape.form & kFormNoPri) return;
  out.push_back('<');
  AppendNumber(out, record.facility * 8u + record.severity, 1);
  out.push_back('>');
}

void AppendField(std::string& out, std::string_view field) {
  out.append(field.empty() ? "-" : field);
  out.push_back(' ');
}

void Append5424(std::string& out, const Record& record) {
  out.append("1 ");
  AppendTime(out, record);
  out.push_back(' ');
  if (record.shape.form & kFormShortHeader) {
    AppendField(out, record.hostname);
    out.append(record.message);
    return;
  }
  for (std::string_view field : {record.hostname, record.app_name, record.procid, record.msgid}) {
    AppendField(out, field);
  }
  out.append(record.structured_data.empty() ? "-" : record.structured_data);
  if (!(record.shape.form & kFormMessage)) return;
  out.push_back(' ');
  if (record.flags & kFlagBom) out.append(kByteOrderMark);
  out.append(record.message);
}

void AppendBsdHeader(std::string& out, const Record& record) {
  const std::uint16_t form = record.shape.form;
  if (record.shape.code != kShapeUntimedTag) AppendTime(out, record);
  if (form & kFormColonAfterTime) out.push_back(':');
  if (form & kFormSpaceAfterTime) out.push_back(' ');
  if (form & kFormHost) out.append(record.hostname);
  if (form & kFormSpaceAfterHost) out.push_back(' ');
  out.append(record.app_name);
  if (form & kFormPid) out.append("[").append(record.procid).append("]");
  if (form & kFormColonAfterTag) out.push_back(':');
  if (form & kFormSpaceAfterTag) out.push_back(' ');
}

}  // namespace

void RebuildRaw(const Record& record, std::string& out) {
  out.clear();
  AppendRaw(record, out);
}

void AppendRaw(const Record& record, std::string& out) {
  if (!record.raw.empty() || record.shape.code == kShapeRaw) {
    out.append(record.raw);
    return;
  }
  if (record.shape.code == kShapeMessageOnly) {
    out.append(record.message);
    return;
  }
  AppendPri(out, record);
  if (record.shape.code <= kShape5424NilTime) return Append5424(out, record);
  if (record.shape.form & kFormSpaceAfterPri) out.push_back(' ');
  if (record.shape.code != kShapePriOnly) AppendBsdHeader(out, record);
  out.append(record.message);
}

}  // namespace cistern
