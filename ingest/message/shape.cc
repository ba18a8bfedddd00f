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

void Put2(char* at, unsigned value, char pad = '0') {
  at[0] = value < 10 ? pad : static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// Returns the end.
char* PutYear(char* at, std::chrono::year year) {
  const auto value = static_cast<unsigned>(static_cast<int>(year));
  Put2(at, value / 100);
  Put2(at + 2, value % 100);
  return at + 4;
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

// Returns the end.
char* PutClock(char* at, const Civil& civil, int fraction_digits) {
  Put2(at, static_cast<unsigned>(civil.clock.hours().count()));
  at[2] = ':';
  Put2(at + 3, static_cast<unsigned>(civil.clock.minutes().count()));
  at[5] = ':';
  Put2(at + 6, static_cast<unsigned>(civil.clock.seconds().count()));
  at += 8;
  if (fraction_digits == 0) return at;
  *at++ = '.';
  auto rest = static_cast<unsigned>(civil.clock.subseconds().count());
  for (int digit = 9; digit > 0; --digit, rest /= 10)
    if (digit <= fraction_digits) at[digit - 1] = static_cast<char>('0' + rest % 10);
  return at + fraction_digits;
}

constexpr std::size_t kLongestTime = 48;

void AppendIsoTime(std::string& out, const Civil& civil, const Shape& shape) {
  char text[kLongestTime];
  char* at = PutYear(text, civil.date.year());
  *at = '-';
  Put2(at + 1, static_cast<unsigned>(civil.date.month()));
  at[3] = '-';
  Put2(at + 4, static_cast<unsigned>(civil.date.day()));
  at[6] = 'T';
  at = PutClock(at + 7, civil, shape.fraction_digits);
  out.append(text, at);
}

void AppendOffset(std::string& out, int minutes) {
  const auto distance = static_cast<unsigned>(minutes < 0 ? -minutes : minutes);
  char text[] = "+hh:mm";
  if (minutes < 0) text[0] = '-';
  Put2(text + 1, distance / 60 % 100);
  Put2(text + 4, distance % 60);
  out.append(text, 6);
}

void AppendBsdTime(std::string& out, const Civil& civil, const Shape& shape) {
  char text[kLongestTime];
  const std::string_view month = kMonths[static_cast<unsigned>(civil.date.month()) - 1];
  char* at = text;
  for (char c : month) *at++ = shape.form & kFormUpperMonth ? static_cast<char>(c & ~0x20) : c;
  *at++ = ' ';
  const auto day = static_cast<unsigned>(civil.date.day());
  if (day < 10 && shape.code == kShape3164BareDay) {
    *at++ = static_cast<char>('0' + day);
  } else {
    Put2(at, day, shape.code == kShape3164ZeroDay ? '0' : ' ');
    at += 2;
  }
  *at++ = ' ';
  if (shape.form & kFormYear) {
    at = PutYear(at, civil.date.year());
    *at++ = ' ';
  }
  at = PutClock(at, civil, shape.fraction_digits);
  out.append(text, at);
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
  char text[16] = {'<'};
  char* end = std::to_chars(text + 1, text + sizeof text - 1, record.facility * 8u + record.severity).ptr;
  *end++ = '>';
  out.append(text, end);
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
