// Cisco system messages: %FACILITY-SEVERITY-MNEMONIC: text, as IOS, IOS XR, NX-OS, ASA and FTD write them:
//   <189>29: rtr1: *Apr 29 13:58:40.411: %SYS-5-CONFIG_I: Configured from console
//   <187>138076: RP/0/RP0/CPU0:Dec 11 12:43:29.227 EST: snmpd[1002]: %SNMP-SNMP-3-AUTH_FAIL : Received ...
// What stands before the '%' (sequence number, origin, timestamp, zone, uptime, node) is a BSD header to
// other parsers, so all octets of the record are looked at.
#include <algorithm>
#include <array>

#include "ingest/message/shape.h"
#include "ingest/parse/payload/header_fields.h"
#include "ingest/parse/payload/payload.h"

namespace cistern {
namespace {

constexpr auto kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsCodeOctet(char c) { return IsDigit(c) || IsLetter(c) || c == '_' || c == '-'; }
bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}
bool AllLetters(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsLetter);
}

struct Code {
  std::string_view facility;
  std::string_view severity;
  std::string_view mnemonic;
  std::string_view text;
};

// Reads `FACILITY-SEVERITY-MNEMONIC :text`, the part behind a '%'.
bool ReadCode(std::string_view text, Code& code) {
  const auto end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), IsCodeOctet) - text.begin());
  const std::string_view word = text.substr(0, end);
  text = TrimLeadingSpaces(text.substr(end));
  if (!text.starts_with(':')) return false;
  for (std::size_t i = 1; i + 3 < word.size(); ++i) {
    if (word[i] != '-' || word[i + 1] < '0' || word[i + 1] > '7' || word[i + 2] != '-') continue;
    text.remove_prefix(1);
    if (text.starts_with(' ')) text.remove_prefix(1);
    code = {word.substr(0, i), word.substr(i + 1, 1), word.substr(i + 3), text};
    return true;
  }
  return false;
}

// Judges the words before the '%' one by one.
class Preamble {
 public:
  // False when the words are not those of a Cisco header.
  bool Read(std::string_view text) {
    while (!(text = TrimLeadingSpaces(text)).empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      if (!ReadWord(text.substr(0, end))) return false;
      text.remove_prefix(end);
    }
    return true;
  }
  std::string_view seq() const { return seq_; }
  std::string_view origin() const { return origin_; }

 private:
  // A host without a colon, a node of two words, the day of the month behind a node: few, or it is prose.
  static constexpr int kMaxBareWords = 3;

  bool ReadWord(std::string_view word) {
    const bool colon = word.ends_with(':');
    if (colon) word.remove_suffix(1);
    const bool after_time = after_time_;
    after_time_ = false;
    if (IsTime(word)) {
      after_time_ = !colon;
    } else if (after_time && IsYear(word)) {
      after_time_ = !colon;
    } else if (AllDigits(word)) {
      if (colon && seq_.empty()) seq_ = word;
    } else if (!colon) {
      return IsMonth(word) || (after_time && AllLetters(word)) || ++bare_words_ <= kMaxBareWords;
    } else if (IsOrigin(word) && origin_.empty() && !(after_time && word.size() <= 5 && AllLetters(word))) {
      origin_ = word;
    }
    return true;
  }

  // `13:58:40.411`, also inside `2021-02-10T09:00:00Z` or behind a node id.
  static bool IsTime(std::string_view word) {
    const std::size_t colon = word.find(':');
    return colon != kNone && colon >= 2 && colon + 5 < word.size() && IsDigit(word[colon - 1]) &&
           IsDigit(word[colon + 1]) && word[colon + 3] == ':' && IsDigit(word[colon + 4]);
  }
  static bool IsYear(std::string_view word) {
    return word.size() == 4 && AllDigits(word) && (word.starts_with("19") || word.starts_with("20"));
  }
  // Cisco marks a clock that is not set with '*' or '.'; ASA writes a colon there.
  static bool IsMonth(std::string_view word) {
    static constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                                 "jul", "aug", "sep", "oct", "nov", "dec"};
    while (word.starts_with('*') || word.starts_with('.') || word.starts_with(':')) word.remove_prefix(1);
    const auto same = [](char a, char b) { return a == (b | 0x20); };
    return std::any_of(kMonths.begin(), kMonths.end(), [&](std::string_view month) {
      return std::equal(month.begin(), month.end(), word.begin(), word.end(), same);
    });
  }
  // Not a node id, a process or an uptime such as 1w2d.
  static bool IsOrigin(std::string_view word) {
    return !word.empty() && word.find_first_of("/[%:") == kNone &&
           std::any_of(word.begin(), word.end(), IsLetter) && !IsUptime(word);
  }
  static bool IsUptime(std::string_view word) {
    return IsDigit(word.front()) && word.find_first_not_of("0123456789ywdhms") == kNone;
  }

  std::string_view seq_;
  std::string_view origin_;
  int bare_words_ = 0;
  bool after_time_ = false;
};

// The octets behind the PRI.
std::string_view WithoutPri(std::string_view raw) {
  const std::size_t end = raw.substr(0, 5).find('>');
  return raw.starts_with('<') && end != kNone ? raw.substr(end + 1) : raw;
}

Payload ExtractFrom(std::string_view text, std::string_view hostname) {
  for (std::size_t at = text.find('%'); at != kNone; at = text.find('%', at + 1)) {
    Code code;
    if (!ReadCode(text.substr(at + 1), code)) continue;
    Preamble preamble;
    if (!preamble.Read(text.substr(0, at))) return {};
    Payload payload{PayloadKind::kCisco, {}};
    const auto add = [&payload](const char* name, std::string_view value) {
      payload.fields.push_back({name, std::string(value), false});
    };
    add("facility", code.facility);
    add("severity", code.severity);
    add("mnemonic", code.mnemonic);
    add("text", code.text);
    if (!preamble.seq().empty()) add("seq", preamble.seq());
    if (hostname.empty()) hostname = preamble.origin();
    if (!hostname.empty()) add("hostname", hostname);
    return payload;
  }
  return {};
}

bool Contains(std::string_view text, char octet) { return text.find(octet) != kNone; }

}  // namespace

Payload ExtractCisco(const Record& record) {
  if (!Contains(record.message, '%') && !Contains(record.app_name, '%') && !Contains(record.raw, '%'))
    return {};
  if (record.format == Format::kRfc5424) return ExtractFrom(record.message, record.hostname);
  std::string raw;
  RebuildRaw(record, raw);
  return ExtractFrom(WithoutPri(raw), record.hostname);
}

}  // namespace cistern
