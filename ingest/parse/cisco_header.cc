#include "ingest/parse/cisco_header.h"

#include <algorithm>

#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

// The mnemonic stands within this many octets, or it is text.
constexpr std::size_t kMaxHeader = 200;

bool IsMnemonicChar(char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '/'; }

// `FACILITY-SEVERITY-MNEMONIC`, where FACILITY may hold dashes.
bool IsTriplet(std::string_view word) {
  for (std::size_t i = 1; i + 3 < word.size(); ++i) {
    if (word[i] == '-' && word[i + 1] >= '0' && word[i + 1] <= '7' && word[i + 2] == '-') return true;
  }
  return false;
}

bool AllDigits(std::string_view word) { return !word.empty() && std::ranges::all_of(word, IsDigit); }

bool IsIpv6(std::string_view word) {
  return std::ranges::count(word, ':') >= 2 && IpAddress::Parse(word).has_value();
}

// `00:01:01` with an optional fraction, or `1w2d`, `3d04h`.
bool IsUptime(std::string_view word) {
  const bool clock = word.size() >= 7 && std::ranges::count(word, ':') == 2 &&
                     std::ranges::all_of(word, [](char c) { return IsDigit(c) || c == ':' || c == '.'; });
  const bool units = word.size() >= 2 && IsDigit(word.front()) && std::ranges::all_of(word, [](char c) {
                       return IsDigit(c) || std::string_view("ywdhms").find(c) != std::string_view::npos;
                     });
  return clock || (units && !AllDigits(word));
}

class HeaderScanner {
 public:
  HeaderScanner(std::string_view text, CiscoHeader& header) : rest_(text), header_(header) {}

  bool Scan() {
    while (true) {
      std::size_t skip = std::min(rest_.find_first_not_of(" :"), rest_.size());
      rest_.remove_prefix(skip);
      if (rest_.empty()) return true;
      if (!TakeTime() && !TakeWord()) return false;
    }
  }

 private:
  bool TakeTime() {
    if (header_.has_time) return false;
    std::size_t mark = rest_[0] == '*' || rest_[0] == '.' ? 1 : 0;
    Timestamp stamp;
    if (ScanBsdTime(rest_.substr(mark), stamp) != TimeScan::kGood) return false;
    rest_.remove_prefix(mark + stamp.size);
    if (rest_.starts_with(' ')) rest_.remove_prefix(1 + ScanCiscoZone(rest_.substr(1), stamp));
    header_.time = stamp;
    header_.has_time = true;
    return true;
  }

  bool TakeWord() {
    const std::size_t space = std::min(rest_.find(' '), rest_.size());
    std::string_view word = rest_.substr(0, space);
    std::size_t colon = word.size() - (word.ends_with(':') ? 1 : 0);
    if (colon == word.size() || !(IsUptime(word.substr(0, colon)) || IsIpv6(word.substr(0, colon)))) {
      colon = rest_.find(':');
    }
    if (colon == rest_.npos) {
      // Only a host name stands without a colon, and only between a time and the mnemonic.
      word = rest_.substr(0, space);
      if (!header_.has_time || rest_.find_first_not_of(' ', space) != rest_.npos) return false;
      colon = word.size();
    }
    word = rest_.substr(0, colon);
    while (word.ends_with(' ')) word.remove_suffix(1);
    rest_.remove_prefix(colon);
    return Classify(word);
  }

  bool Classify(std::string_view word) {
    if (AllDigits(word) || IsUptime(word)) return true;
    if (word.find_first_of("/[") != word.npos || word[0] == '*') return true;  // node id, process, task
    if (word.find(' ') != word.npos) return false;
    if (header_.origin.empty()) header_.origin = word;
    return true;
  }

  std::string_view rest_;
  CiscoHeader& header_;
};

}  // namespace

bool StartsCiscoMnemonic(std::string_view text) {
  if (!text.starts_with('%')) return false;
  std::size_t end = 1;
  while (end < text.size() && IsMnemonicChar(text[end])) ++end;
  const bool colon = text.substr(end).starts_with(':') || text.substr(end).starts_with(" :");
  return colon && IsTriplet(text.substr(1, end - 1));
}

bool ScanCiscoHeader(std::string_view text, CiscoHeader& header) {
  for (std::size_t at = text.find('%'); at != text.npos && at <= kMaxHeader; at = text.find('%', at + 1)) {
    if (StartsCiscoMnemonic(text.substr(at))) return HeaderScanner(text.substr(0, at), header).Scan();
  }
  return false;
}

std::size_t ScanCiscoZone(std::string_view text, Timestamp& stamp) {
  std::size_t size = 0;
  while (size < text.size() && IsLetter(text[size])) ++size;
  std::string_view name = text.substr(0, size);
  const bool universal = name == "UTC" || name == "GMT" || name == "utc" || name == "gmt";
  const bool upper = std::ranges::all_of(name, [](char c) { return c <= 'Z'; });
  if (size < 2 || size > 5 || !text.substr(size).starts_with(':') || !(universal || upper)) return 0;
  if (universal) stamp.has_zone = true;
  return size;
}

}  // namespace cistern
