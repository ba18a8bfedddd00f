#include "proto/convert/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "proto/convert/utf8.h"

namespace cistern {
namespace {

constexpr char kHex[] = "0123456789abcdef";

using OctetSet = std::array<bool, 256>;

// What neither a terminal nor a JSON string needs escaped, but for `others`.
constexpr OctetSet PlainBut(std::string_view others) {
  OctetSet set{};
  for (std::size_t octet = 0x20; octet < 0x7f; ++octet) set[octet] = true;
  for (const char c : others) set[static_cast<unsigned char>(c)] = false;
  return set;
}

// The length of the run of plain octets at the start.
std::size_t PlainRun(std::string_view text, const OctetSet& plain) {
  std::size_t length = 0;
  while (length < text.size() && plain[static_cast<unsigned char>(text[length])]) ++length;
  return length;
}

constexpr OctetSet kPlain = PlainBut("");
constexpr OctetSet kPlainInJson = PlainBut("\"\\");

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

}  // namespace

void AppendVisible(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const std::size_t plain = PlainRun(text, kPlain);
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

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = PlainRun(text, kPlainInJson);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8Char next = DecodeUtf8(text);
    if (!next.valid) {
      out += kReplacementCharacter;
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

void AppendCsvField(std::string_view text, std::string& out) {
  const auto is_special = [](char c) { return c == ',' || c == '"' || c == '\r' || c == '\n'; };
  if (std::none_of(text.begin(), text.end(), is_special)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
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

}  // namespace cistern
