#include "ctl/printer/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cistern::ctl {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Octets that neither a terminal nor a JSON string needs escaped, quote and backslash apart.
constexpr bool IsPlain(unsigned char octet) { return octet >= 0x20 && octet < 0x7f; }

// The length of the run of plain octets at the start; `stop` octets end it as well.
template <class Stop>
std::size_t PlainRun(std::string_view text, Stop stop) {
  std::size_t length = 0;
  while (length < text.size() && IsPlain(static_cast<unsigned char>(text[length])) && !stop(text[length]))
    ++length;
  return length;
}

void AppendHexOctet(unsigned char octet, std::string& out) {
  out += "\\x";
  out += kHex[octet >> 4];
  out += kHex[octet & 15];
}

void AppendHexCode(char32_t code, std::string& out) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(code >> shift) & 15];
}

// `\n`, `\r`, `\t` for those, else 0.
char ShortEscape(char c) {
  switch (c) {
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

// Smallest and largest second octet for a lead octet (Unicode 15, table 3-7), and the length; 0: not a lead
// octet.
struct Lead {
  std::size_t length;
  unsigned char low, high;
};
Lead LeadOf(unsigned char octet) {
  if (octet >= 0xc2 && octet <= 0xdf) return {2, 0x80, 0xbf};
  if (octet == 0xe0) return {3, 0xa0, 0xbf};
  if (octet == 0xed) return {3, 0x80, 0x9f};
  if (octet >= 0xe1 && octet <= 0xef) return {3, 0x80, 0xbf};
  if (octet == 0xf0) return {4, 0x90, 0xbf};
  if (octet >= 0xf1 && octet <= 0xf3) return {4, 0x80, 0xbf};
  if (octet == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

std::string_view Sgr(Paint paint) {
  switch (paint) {
    case Paint::kRed:
      return "\x1b[31m";
    case Paint::kBoldRed:
      return "\x1b[1;31m";
    case Paint::kYellow:
      return "\x1b[33m";
    case Paint::kGreen:
      return "\x1b[32m";
    case Paint::kCyan:
      return "\x1b[36m";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kDim:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

Utf8Char DecodeUtf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = LeadOf(first);
  if (lead.length == 0) return {0, 1, false};
  char32_t code = first & (0xffu >> (lead.length + 1));
  unsigned char low = lead.low, high = lead.high;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto octet = i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    if (octet < low || octet > high) return {0, i, false};
    code = (code << 6) | (octet & 0x3fu);
    low = 0x80;
    high = 0xbf;
  }
  return {code, lead.length, true};
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    if (!next.valid) return false;
    text.remove_prefix(next.length);
  }
  return true;
}

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void AppendVisible(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t plain = PlainRun(text, [](char) { return false; });
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const Utf8Char next = DecodeUtf8(text);
    const std::string_view octets = text.substr(0, next.length);
    if (!next.valid) {
      for (const char c : octets) AppendHexOctet(static_cast<unsigned char>(c), out);
    } else if (!IsControl(next.code)) {
      out.append(octets);
    } else if (const char letter = ShortEscape(octets[0])) {
      (out += '\\') += letter;
    } else if (next.length == 1) {
      AppendHexOctet(static_cast<unsigned char>(octets[0]), out);
    } else {
      AppendHexCode(next.code, out);
    }
    text.remove_prefix(next.length);
  }
}

std::string Visible(std::string_view text) {
  std::string out;
  AppendVisible(text, out);
  return out;
}

void AppendUtf8(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    out.append(next.valid ? text.substr(0, next.length) : kReplacement);
    text.remove_prefix(next.length);
  }
}

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = PlainRun(text, [](char c) { return c == '"' || c == '\\'; });
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8Char next = DecodeUtf8(text);
    if (!next.valid) {
      out += kReplacement;
    } else if (text[0] == '"' || text[0] == '\\') {
      (out += '\\') += text[0];
    } else if (!IsControl(next.code)) {
      out.append(text.substr(0, next.length));
    } else if (const char letter = ShortEscape(text[0])) {
      (out += '\\') += letter;
    } else {
      AppendHexCode(next.code, out);
    }
    text.remove_prefix(next.length);
  }
  out += '"';
}

void AppendBase64(std::string_view octets, std::string& out) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = (bits << 8) | (k < count ? static_cast<unsigned char>(octets[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kAlphabet[(bits >> (18 - 6 * k)) & 63] : '=';
  }
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (const char c : text) width += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return width;
}

std::string FormatBytes(std::uint64_t bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::string text = fmt::format("{:.{}f}", value, unit == 0 ? 0 : 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " " + kUnits[unit];
}

std::string FormatCount(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

void AppendPainted(std::string_view text, Paint paint, bool color, std::string& out) {
  if (!color) {
    out.append(text);
    return;
  }
  out.append(Sgr(paint)).append(text).append("\x1b[0m");
}

std::string Painted(std::string_view text, Paint paint, bool color) {
  std::string out;
  AppendPainted(text, paint, color, out);
  return out;
}

}  // namespace cistern::ctl
