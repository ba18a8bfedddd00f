// PRI: `<`, one to three digits, `>`; 0-191; no leading zero except `0` itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/parse/scan.h"

namespace cistern {

struct Pri {
  std::size_t size = 0;  // octets including the brackets; 0 when the text does not start with a valid PRI
  unsigned value = 0;    // facility * 8 + severity
};

inline Pri ScanPri(std::string_view text) {
  constexpr unsigned kLargest = 191;
  if (text.size() < 3 || text[0] != '<' || !IsDigit(text[1])) return {};
  std::size_t i = 1;
  unsigned value = 0;
  for (; i < text.size() && i <= 3 && IsDigit(text[i]); ++i) {
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  const bool leading_zero = text[1] == '0' && i > 2;
  if (i == text.size() || text[i] != '>' || value > kLargest || leading_zero) return {};
  return {i + 1, value};
}

}  // namespace cistern
