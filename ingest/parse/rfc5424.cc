#include "ingest/parse/rfc5424.h"

#include <cstddef>

#include "ingest/message/shape.h"
#include "ingest/parse/payload_start.h"
#include "ingest/parse/scan.h"
#include "ingest/parse/timestamp.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxHostname = 255;
constexpr std::size_t kMaxAppName = 48;
constexpr std::size_t kMaxProcId = 128;
constexpr std::size_t kMaxMsgId = 32;
constexpr std::size_t kMaxSdName = 32;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The SD-NAME at `i`; returns the index behind it, `i` when there is none.
std::size_t ScanName(std::string_view text, std::size_t i, bool& lenient) {
  std::size_t end = FindFirst<Either<NotPrintable, AnyOf<'=', ']', '"'>>>(text, i);
  lenient |= end - i > kMaxSdName;
  return end;
}

// The value behind an opening quote at `i`; returns the index behind the closing quote, 0 when it is not
// valid.
std::size_t ScanQuoted(std::string_view text, std::size_t i) {
  while (true) {
    i = FindFirst<AnyOf<'"', '\\', ']'>>(text, i);
    if (i >= text.size() || text[i] == ']') return 0;
    if (text[i] == '"') return i + 1;
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    i += next == '"' || next == '\\' || next == ']' ? 2 : 1;
  }
}

std::size_t ScanUnquoted(std::string_view text, std::size_t i, bool& lenient) {
  lenient = true;
  std::size_t end = FindFirst<Either<NotPrintable, AnyOf<']', '"'>>>(text, i);
  return end > i ? end : 0;
}

// `name="value"` at `i`; returns the index behind it, 0 when it is not valid.
std::size_t ScanParam(std::string_view text, std::size_t i, bool& lenient) {
  std::size_t equals = ScanName(text, i, lenient);
  if (equals == i || equals + 1 >= text.size() || text[equals] != '=') return 0;
  i = equals + 1;
  if (text[i] == '"') return ScanQuoted(text, i + 1);
  if (text[i] != ' ') return ScanUnquoted(text, i, lenient);
  lenient = true;
  return i + 1 < text.size() && text[i + 1] == '"' ? ScanQuoted(text, i + 2) : 0;
}

// An element behind its opening bracket; returns the index behind the closing one, 0 when it is not valid.
std::size_t ScanElement(std::string_view text, std::size_t i, bool& lenient) {
  std::size_t end = ScanName(text, i, lenient);
  if (end == i) return 0;
  i = end;
  while (i < text.size() && text[i] == ' ') {
    if (++i < text.size() && text[i] == ']') {
      lenient = true;
      break;
    }
    i = ScanParam(text, i, lenient);
    if (i == 0) return 0;
  }
  return i < text.size() && text[i] == ']' ? i + 1 : 0;
}

class Rfc5424Parser {
 public:
  Rfc5424Parser(std::string_view rest, const ParseContext& context, Record& record)
      : rest_(rest), context_(context), record_(record) {}

  bool Parse() {
    rest_.remove_prefix(2);  // VERSION and its space
    if (!TakeTime() || !TakeField(record_.hostname, kMaxHostname)) return false;
    if (StartsPayload(rest_)) return TakeShortMessage();
    return TakeField(record_.app_name, kMaxAppName) && TakeField(record_.procid, kMaxProcId) &&
           TakeField(record_.msgid, kMaxMsgId) && TakeStructuredData() && TakeMessage();
  }

 private:
  bool TakeTime() {
    if (rest_.starts_with("- ")) {
      record_.shape.code = kShape5424NilTime;
      rest_.remove_prefix(2);
      return true;
    }
    Timestamp stamp;
    if (ScanRfc5424Time(rest_, stamp) != TimeScan::kGood || stamp.size == rest_.size()) {
      record_.flags |= kFlagBadTimestamp;
      return false;
    }
    if (stamp.beyond_rfc) record_.flags |= kFlagLenient;
    record_.shape.code = stamp.shape == kShape3164IsoZ        ? kShape5424Z
                         : stamp.shape == kShape3164IsoOffset ? kShape5424Offset
                                                              : kShapeRaw;
    ApplyTime(stamp, context_, record_);
    rest_.remove_prefix(stamp.size + 1);
    return true;
  }

  // One field and the space behind it; "-" becomes empty.
  bool TakeField(std::string_view& field, std::size_t max_size) {
    std::size_t size = FindFirst<NotPrintable>(rest_);
    if (size == 0 || size == rest_.size() || rest_[size] != ' ') return false;
    if (size > max_size) record_.flags |= kFlagLenient;
    if (size != 1 || rest_[0] != '-') field = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return true;
  }

  bool TakeStructuredData() {
    if (rest_.starts_with('-')) {
      rest_.remove_prefix(1);
      return true;
    }
    bool lenient = false;
    std::size_t size = ScanStructuredData(rest_, lenient);
    if (size == 0) return false;
    if (lenient) record_.flags |= kFlagLenient;
    record_.structured_data = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  bool TakeMessage() {
    if (rest_.empty()) return true;
    if (rest_[0] != ' ') return false;
    record_.shape.form |= kFormMessage;
    rest_.remove_prefix(1);
    if (rest_.starts_with(kByteOrderMark)) {
      record_.flags |= kFlagBom;
      rest_.remove_prefix(kByteOrderMark.size());
    }
    record_.message = rest_;
    return true;
  }

  bool TakeShortMessage() {
    record_.flags |= kFlagLenient;
    record_.shape.form |= kFormShortHeader;
    record_.message = rest_;
    return true;
  }

  std::string_view rest_;
  const ParseContext& context_;
  Record& record_;
};

}  // namespace

std::size_t ScanStructuredData(std::string_view text, bool& lenient) {
  if (text.starts_with('-')) return 1;
  std::size_t i = 0;
  while (i < text.size() && text[i] == '[') {
    i = ScanElement(text, i + 1, lenient);
    if (i == 0) return 0;
  }
  return i;
}

bool ParseRfc5424(std::string_view text, const ParseContext& context, Record& record) {
  return Rfc5424Parser(text, context, record).Parse();
}

}  // namespace cistern
