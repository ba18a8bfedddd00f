#include "service/forward/mail_text.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "proto/convert/escape.h"
#include "proto/convert/utf8.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestText = 500;
constexpr std::size_t kWordOctets = 39;  // base64 makes 52 of them; an encoded word has at most 75 characters

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

std::string OneLine(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size() && line.size() < kLongestText;) {
    const Utf8Char next = DecodeUtf8(text.substr(at));
    if (!next.valid) {
      line += kReplacementCharacter;
    } else if (IsControl(next.code)) {
      line += ' ';
    } else {
      line += text.substr(at, next.length);
    }
    at += next.length;
  }
  return line;
}

std::string EncodedWords(std::string_view text) {
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    while (at + length < text.size()) {
      const std::size_t next = DecodeUtf8(text.substr(at + length)).length;
      if (length + next > kWordOctets) break;
      length += next;
    }
    if (!words.empty()) words += "\r\n ";
    words += "=?UTF-8?B?";
    AppendBase64(text.substr(at, length), words);
    words += "?=";
    at += length;
  }
  return words;
}

struct Split {
  std::string_view name, plain;
};
Split SplitAddress(std::string_view address) {
  const std::size_t open = address.rfind('<');
  if (open == std::string_view::npos || !address.ends_with('>')) return {{}, address};
  std::string_view name = address.substr(0, open);
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"'))
    name = name.substr(1, name.size() - 2);
  return {name, address.substr(open + 1, address.size() - open - 2)};
}

}  // namespace

std::string PlainAddress(std::string_view address) { return std::string(SplitAddress(address).plain); }

std::string HeaderAddress(std::string_view address) {
  const auto [name, plain] = SplitAddress(address);
  if (name.empty()) return std::string(plain);
  const std::string line = OneLine(name);
  if (!IsAscii(line)) return EncodedWords(line) + " <" + std::string(plain) + '>';
  std::string quoted = "\"";
  for (const char c : line) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\" <" + std::string(plain) + '>';
}

std::string HeaderAddresses(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses)
    text += (text.empty() ? "" : ",\r\n ") + HeaderAddress(address);
  return text;
}

std::string HeaderText(std::string_view text) {
  const std::string line = OneLine(text);
  // Text that looks like an encoded word is encoded, so that it is shown as it was written.
  return IsAscii(line) && line.find("=?") == std::string::npos ? line : EncodedWords(line);
}

std::string HeaderDate(std::int64_t time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[utc.tm_wday], utc.tm_mday,
                kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

}  // namespace cistern
