#include "ctl/printer/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cistern::ctl {
namespace {

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
