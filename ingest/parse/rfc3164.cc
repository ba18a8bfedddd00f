#include "ingest/parse/rfc3164.h"

#include <cstddef>
#include <cstdint>

#include "ingest/message/ip_address.h"
#include "ingest/message/shape.h"
#include "ingest/parse/cisco_header.h"
#include "ingest/parse/payload_start.h"
#include "ingest/parse/scan.h"
#include "ingest/parse/timestamp.h"

namespace cistern {
namespace {

constexpr std::string_view kForwarded = "Message forwarded from ";  // AIX

// Ends in `::` and is an IPv6 address: not a tag.
bool IsIpv6(std::string_view word) { return word.ends_with("::") && IpAddress::Parse(word).has_value(); }

// `[pid]` at the start of `text`: its octets with the brackets, 0 when there is none. A space inside is
// accepted only before `]:`.
std::size_t ScanPid(std::string_view text) {
  if (!text.starts_with('[')) return 0;
  const std::size_t close = FindFirst<AnyOf<'[', ']'>>(text, 1);
  if (close >= text.size() || text[close] != ']') return 0;
  const bool colon = close + 1 < text.size() && text[close + 1] == ':';
  if (!colon && text.substr(0, close).find(' ') != text.npos) return 0;
  return close + 1;
}

// The first word reads `name:`, `name[pid]` or `name[pid]:`.
bool HasTagShape(std::string_view word) {
  if (word.ends_with(':')) return !IsIpv6(word);
  const std::size_t open = FindFirst<AnyOf<'['>>(word);
  return open > 0 && open < word.size() && ScanPid(word.substr(open)) != 0;
}

class BsdParser {
 public:
  BsdParser(std::string_view rest, const ParseContext& context, Record& record)
      : rest_(rest), context_(context), record_(record) {}

  bool Parse(bool has_pri) {
    const std::size_t spaces = SkipSpaces();
    if (spaces == 1) record_.shape.form |= kFormSpaceAfterPri;
    Timestamp stamp;
    const TimeScan scan = ScanBsdTime(rest_, stamp);
    if (scan == TimeScan::kGood) {
      TakeTimed(stamp);
    } else {
      if (scan == TimeScan::kBad) record_.flags |= kFlagBadTimestamp;
      if (!TakeUntimed(has_pri)) return false;
    }
    if (spaces > 1) Unprintable();
    return true;
  }

 private:
  void Add(ShapeForm form) { record_.shape.form |= form; }
  void Unprintable() { record_.shape.code = kShapeRaw; }

  std::size_t SkipSpaces() {
    std::size_t count = 0;
    while (count < rest_.size() && rest_[count] == ' ') ++count;
    rest_.remove_prefix(count);
    return count;
  }

  bool Take(char c, ShapeForm form) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    Add(form);
    return true;
  }

  // No usable timestamp in front: a Cisco header, or with a PRI plain content (RFC 3164 section 4.3.2).
  bool TakeUntimed(bool has_pri) {
    CiscoHeader header;
    record_.shape.code = kShapePriOnly;
    if (ScanCiscoHeader(rest_, header)) {
      if (!has_pri && rest_.starts_with('%')) return false;
      record_.hostname = header.origin;
      if (header.has_time) ApplyTime(header.time, context_, record_);
      // The header stays in the message, so that its sequence number is not lost.
      record_.shape.code = kShapePriOnly;
    } else if (!has_pri) {
      return false;
    } else {
      TakeUntimedTag();
    }
    record_.message = rest_;
    return true;
  }

  // `name[pid]:`, or `name:` before a payload. Any other first word is text.
  void TakeUntimedTag() {
    const std::size_t end = FindFirst<AnyOf<' ', ':', '['>>(rest_);
    if (end == 0 || end >= rest_.size() || rest_[end] == ' ' || StartsPayload(rest_)) return;
    const std::size_t pid = ScanPid(rest_.substr(end));
    std::string_view behind = rest_.substr(end + pid);
    if (!behind.starts_with(':')) return;
    if (pid == 0 && !(behind.starts_with(": ") && StartsPayload(behind.substr(2)))) return;
    record_.shape.code = kShapeUntimedTag;
    TakeTag();
  }

  void TakeTimed(Timestamp& stamp) {
    record_.shape.code = stamp.shape;
    record_.shape.form |= stamp.form;
    rest_.remove_prefix(stamp.size);
    const bool colon = Take(':', kFormColonAfterTime);
    if (Take(' ', kFormSpaceAfterTime) && SkipSpaces() > 0) Unprintable();
    if (!colon) TakeCiscoZone(stamp);
    if (!rest_.empty()) TakeHostAndTag();
    record_.message = rest_;
    ApplyTime(stamp, context_, record_);
  }

  // `UTC: ` between a time and a Cisco mnemonic is the zone, not a tag.
  void TakeCiscoZone(Timestamp& stamp) {
    Timestamp zoned = stamp;
    const std::size_t size = ScanCiscoZone(rest_, zoned);
    if (size == 0) return;
    CiscoHeader header;
    if (!ScanCiscoHeader(rest_.substr(size), header) || header.has_time) return;
    stamp = zoned;
    rest_.remove_prefix(size + 1);
    SkipSpaces();
    Unprintable();
  }

  // JSON is text from its first octet on, although a colon comes soon.
  bool AtText() const { return StartsPayload(rest_) || rest_.starts_with('{'); }

  void TakeHostAndTag() {
    if (AtText()) return;
    const std::size_t size = FindFirst<AnyOf<' '>>(rest_);
    const std::string_view word = rest_.substr(0, size);
    if (HasTagShape(word)) {
      if (!TakeCiscoHeader()) TakeTag();
      return;
    }
    if (rest_.starts_with(kForwarded) && TakeForwarder()) return TakeTag();
    record_.hostname = word;
    Add(kFormHost);
    rest_.remove_prefix(size);
    if (!Take(' ', kFormSpaceAfterHost) || rest_.empty() || AtText()) return;
    const bool maybe_cisco = IsDigit(rest_[0]) || rest_[0] == '*' || rest_[0] == '.';
    if (!maybe_cisco || !TakeCiscoHeader()) TakeTag();
  }

  // A sequence number or origin before a Cisco mnemonic is not a tag; it stays in the message.
  bool TakeCiscoHeader() {
    CiscoHeader header;
    if (!ScanCiscoHeader(rest_, header)) return false;
    if (record_.hostname.empty()) record_.hostname = header.origin;
    return true;
  }

  // `Message forwarded from host: `.
  bool TakeForwarder() {
    const std::size_t start = kForwarded.size();
    const std::size_t end = FindFirst<AnyOf<' ', ':'>>(rest_, start);
    if (end == start || !rest_.substr(end).starts_with(": ")) return false;
    record_.hostname = rest_.substr(start, end - start);
    rest_.remove_prefix(end + 2);
    Unprintable();
    return true;
  }

  // TAG, `[pid]`, colon and one space; what remains is the message.
  void TakeTag() {
    const std::size_t size = FindFirst<AnyOf<' ', ':', '[', '\t'>>(rest_);
    record_.app_name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (const std::size_t pid = size == 0 ? 0 : ScanPid(rest_); pid != 0) {
      record_.procid = rest_.substr(1, pid - 2);
      Add(kFormPid);
      rest_.remove_prefix(pid);
    }
    Take(':', kFormColonAfterTag);
    Take(' ', kFormSpaceAfterTag);
  }

  std::string_view rest_;
  const ParseContext& context_;
  Record& record_;
};

}  // namespace

bool ParseRfc3164(std::string_view text, bool has_pri, const ParseContext& context, Record& record) {
  return BsdParser(text, context, record).Parse(has_pri);
}

}  // namespace cistern
