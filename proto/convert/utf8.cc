#include "proto/convert/utf8.h"

#include "ingest/parse/utf8.h"

namespace cistern {
namespace {

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

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e || code == 0x200f ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void AppendUtf8(std::string_view text, std::string& out) {
  if (IsUtf8(text)) {
    out.append(text);
    return;
  }
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    out.append(next.valid ? text.substr(0, next.length) : kReplacementCharacter);
    text.remove_prefix(next.length);
  }
}

std::string ToUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendUtf8(text, out);
  return out;
}

std::size_t CutUtf8(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  const auto continues = [&](std::size_t i) { return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80; };
  std::size_t size = most;
  while (size > 0 && most - size < 3 && continues(size)) --size;
  return continues(size) ? most : size;
}

}  // namespace cistern
