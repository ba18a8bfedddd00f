// RFC 5424 and RFC 3164.
#include <algorithm>
#include <array>
#include <charconv>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/parse/scan.h"
#include "service/forward/format.h"

namespace cistern {
namespace {

constexpr int kMostFractionDigits = 6;  // RFC 5424 section 6.2.3
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// Of RFC 5424 section 6; RFC 3164 gets the same ones.
constexpr std::size_t kHostSize = 255, kAppSize = 48, kProcidSize = 128, kMsgidSize = 32;

using NotInTag = Either<NotPrintable, AnyOf<'[', ']', ':'>>;

void AppendNumber(std::uint64_t value, std::string& out) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void AppendPri(const Record& record, std::string& out) {
  out.push_back('<');
  AppendNumber(record.facility * 8u + record.severity, out);
  out.push_back('>');
}

// What must not stand in a header becomes `?`.
template <class Bad>
void AppendField(std::string_view field, std::size_t most, std::string& out) {
  if (field.empty()) return out.push_back('-');
  field = field.substr(0, most);
  const std::size_t start = out.size();
  out.append(field);
  for (std::size_t bad = FindFirst<Bad>(field); bad < field.size(); bad = FindFirst<Bad>(field, bad + 1))
    out[start + bad] = '?';
}

void AppendHost(const Record& record, std::string& out) {
  char text[46];
  std::string_view host = record.hostname;
  if (host.empty() && record.format != Format::kRfc5424 && record.peer.present())
    host = {text, record.peer.Print(text)};
  AppendField<NotPrintable>(host, kHostSize, out);
}

bool IsMarked(std::string_view structured_data) {
  if (structured_data.find(kMarkSdId) == std::string_view::npos) return false;
  StructuredDataReader reader(structured_data);
  while (const auto item = reader.Next())
    if (item->id == kMarkSdId) return true;
  return false;
}

// The part of a message that follows `fields` fields and the spaces behind them.
std::size_t BehindFields(std::string_view message, std::size_t at, int fields) {
  for (; fields > 0 && at < message.size(); --fields) at = FindFirst<AnyOf<' '>>(message, at) + 1;
  return std::min(at, message.size());
}

// Whether the header fields stand in `message` just as they were understood.
bool HasHeader(std::string_view message, const Record& record) {
  std::size_t at = BehindFields(message, 0, 2);
  for (const std::string_view field : {record.hostname, record.app_name, record.procid, record.msgid}) {
    const std::string_view text = field.empty() ? "-" : field;
    if (message.substr(at, text.size()) != text || message.substr(at + text.size(), 1) != " ") return false;
    at += text.size() + 1;
  }
  return true;
}

// Where the structured data of an RFC 5424 message begins; npos: it is not a message in the strict form.
std::size_t FindStructuredData(std::string_view message, const Record& record) {
  if (!message.starts_with('<') || record.shape.form & kFormShortHeader) return std::string_view::npos;
  if (record.shape.code == kShapeRaw && !HasHeader(message, record)) return std::string_view::npos;
  const std::size_t at = BehindFields(message, 0, 6);
  const std::string_view written = record.structured_data.empty() ? "-" : record.structured_data;
  return message.substr(at, written.size()) == written ? at : std::string_view::npos;
}

}  // namespace

void RecordFormatter::AppendMark(const Record& record, std::string& out) {
  out.append(mark_);
  AppendNumber(ToInt(record.id), out);
  out.append("\"]");
}

void RecordFormatter::AppendRfc5424(const Record& record, std::string& out) {
  if (record.format != Format::kRfc5424) return AppendHeader5424(record, out);
  const std::size_t start = out.size();
  AppendRaw(record, out);
  if (mark_.empty() || IsMarked(record.structured_data)) return;
  const std::size_t found = FindStructuredData(std::string_view(out).substr(start), record);
  if (found == std::string_view::npos) {
    out.resize(start);
    return AppendHeader5424(record, out);
  }
  scratch_.clear();
  AppendMark(record, scratch_);
  out.replace(start + found, record.structured_data.empty() ? 1 : 0, scratch_);
}

// From the fields.
void RecordFormatter::AppendHeader5424(const Record& record, std::string& out) {
  AppendPri(record, out);
  out.append("1 ");
  AppendTime5424(record, out);
  out.push_back(' ');
  AppendHost(record, out);
  out.push_back(' ');
  AppendField<NotPrintable>(record.app_name, kAppSize, out);
  out.push_back(' ');
  AppendField<NotPrintable>(record.procid, kProcidSize, out);
  out.push_back(' ');
  AppendField<NotPrintable>(record.msgid, kMsgidSize, out);
  out.push_back(' ');
  if (!mark_.empty() && !IsMarked(record.structured_data)) {
    AppendMark(record, out);
    out.append(record.structured_data);
  } else {
    out.append(record.structured_data.empty() ? "-" : record.structured_data);
  }
  if (record.message.empty()) return;
  out.push_back(' ');
  if (record.flags & kFlagBom) out.append(kByteOrderMark);
  out.append(record.message);
}

void RecordFormatter::AppendTime5424(const Record& record, std::string& out) {
  if (record.time == kNoTime) {
    if (record.format == Format::kRfc5424) return out.push_back('-');
    return clock_.AppendIso(record.received, kMostFractionDigits, 0, out);
  }
  int digits = std::min<int>(record.shape.fraction_digits, kMostFractionDigits);
  if (digits == 0 && record.time % 1'000'000'000 != 0) digits = kMostFractionDigits;
  clock_.AppendIso(record.time, digits, record.shape.utc_offset_minutes, out);
}

void RecordFormatter::AppendRfc3164(const Record& record, std::string& out) {
  AppendPri(record, out);
  clock_.AppendBsd(record.time == kNoTime ? record.received : record.time, out);
  out.push_back(' ');
  AppendHost(record, out);
  out.push_back(' ');
  if (!record.app_name.empty()) {
    AppendField<NotInTag>(record.app_name, kAppSize, out);
    if (!record.procid.empty()) {
      out.push_back('[');
      AppendField<NotInTag>(record.procid, kProcidSize, out);
      out.push_back(']');
    }
    out.append(": ");
  }
  out.append(record.message);
}

}  // namespace cistern
