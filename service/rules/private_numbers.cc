// Addresses and numbers of cards.
#include "service/rules/private_data.h"
#include "storage/words.h"

namespace cistern {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (FoldByte(c) >= 'a' && FoldByte(c) <= 'f'); }
char At(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }
bool InWord(std::string_view text, std::size_t i) { return i < text.size() && IsWordByte(text[i]); }

// The end of `n.n.n.n` that begins at `begin`; 0: there is none.
std::size_t Ipv4End(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && At(text, i++) != '.') return 0;
    unsigned value = 0;
    const std::size_t digits = i;
    while (i - digits < 3 && IsDigit(At(text, i)))
      value = value * 10 + static_cast<unsigned>(text[i++] - '0');
    if (i == digits || value > 255) return 0;
  }
  return IsDigit(At(text, i)) || (At(text, i) == '.' && IsDigit(At(text, i + 1))) ? 0 : i;
}

// The end of an IPv6 address that begins at `begin`; 0: there is none.
std::size_t Ipv6End(std::string_view text, std::size_t begin) {
  std::size_t i = begin, groups = 0, colons = 0;
  bool gap = false;
  if (text.substr(i, 2) == "::") {
    gap = true;
    i += 2;
  }
  while (groups < 8 && IsHex(At(text, i))) {
    std::size_t end = i;
    while (end - i < 5 && IsHex(At(text, end))) ++end;
    if (end - i > 4) return 0;
    if (At(text, end) == '.' && groups <= 6) {
      const std::size_t tail = Ipv4End(text, i);
      if (tail == 0) break;
      groups += 2;
      i = tail;
      break;
    }
    ++groups;
    i = end;
    if (At(text, i) != ':') break;
    if (At(text, i + 1) == ':') {
      if (gap) break;
      gap = true;
      i += 2;
      colons += 2;
    } else if (IsHex(At(text, i + 1)) && groups < 8) {
      ++i;
      ++colons;
    } else {
      break;
    }
  }
  const bool more = At(text, i) == ':' && (At(text, i + 1) == ':' || IsHex(At(text, i + 1)));
  const bool whole = gap ? groups >= 1 && groups <= 7 : groups == 8;
  return whole && !more && !InWord(text, i) ? i : 0;
}

// The end of six or more pairs of hex digits with `separator` between them; 0: there are none.
std::size_t PairsEnd(std::string_view text, std::size_t begin, char separator) {
  std::size_t i = begin, pairs = 0;
  while (IsHex(At(text, i)) && IsHex(At(text, i + 1))) {
    i += 2;
    ++pairs;
    if (At(text, i) != separator || !IsHex(At(text, i + 1)) || !IsHex(At(text, i + 2))) break;
    ++i;
  }
  return pairs >= 6 && !InWord(text, i) ? i : 0;
}

// `0123.4567.89ab`, as Cisco writes it.
std::size_t DottedMacEnd(std::string_view text, std::size_t begin) {
  std::size_t i = begin;
  for (int group = 0; group < 3; ++group) {
    if (group > 0 && At(text, i++) != '.') return 0;
    for (int digit = 0; digit < 4; ++digit) {
      if (!IsHex(At(text, i++))) return 0;
    }
  }
  return InWord(text, i) || (At(text, i) == '.' && IsHex(At(text, i + 1))) ? 0 : i;
}

// The check digit of ISO/IEC 7812.
bool IsChecked(const char* digits, std::size_t count) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    unsigned value = static_cast<unsigned>(digits[count - 1 - i] - '0');
    if (i % 2 == 1) value = value > 4 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return sum % 10 == 0;
}

// The end of the longest number of a card that begins at `begin`; 0: there is none.
std::size_t CardEnd(std::string_view text, std::size_t begin) {
  constexpr std::size_t kFewest = 13, kMost = 19;
  char digits[kMost];
  std::size_t count = 0, found = 0;
  for (std::size_t i = begin; i < text.size() && count < kMost; ++i) {
    if (!IsDigit(text[i])) {
      const bool parts = (text[i] == ' ' || text[i] == '-') && IsDigit(At(text, i + 1));
      if (!parts) break;
      continue;
    }
    digits[count++] = text[i];
    if (count >= kFewest && !IsDigit(At(text, i + 1)) && IsChecked(digits, count)) found = i + 1;
  }
  return found;
}

// Asks `end_at` wherever a run of digits or letters may begin.
template <class Starts, class EndAt>
void FindRuns(std::string_view text, PrivateKind kind, const Starts& starts, const EndAt& end_at,
              std::vector<PrivateSpan>& spans) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = starts(i) ? end_at(i) : 0;
    if (end > i) spans.push_back({i, end, kind});
    i = end > i ? end : i + 1;
  }
}

}  // namespace

void FindIpv4(std::string_view text, std::vector<PrivateSpan>& spans) {
  const auto starts = [&](std::size_t i) {
    if (!IsDigit(text[i]) || (i > 0 && IsDigit(text[i - 1]))) return false;
    return i < 2 || text[i - 1] != '.' || !IsDigit(text[i - 2]);
  };
  FindRuns(
      text, PrivateKind::kIpv4, starts, [&](std::size_t i) { return Ipv4End(text, i); }, spans);
}

void FindIpv6(std::string_view text, std::vector<PrivateSpan>& spans) {
  const auto starts = [&](std::size_t i) {
    if (text[i] != ':' && !IsHex(text[i])) return false;
    if (i == 0 || IsWordByte(text[i - 1])) return i == 0;
    return text[i - 1] != ':' || (text[i] != ':' && (i < 2 || text[i - 2] != ':'));
  };
  FindRuns(
      text, PrivateKind::kIpv6, starts, [&](std::size_t i) { return Ipv6End(text, i); }, spans);
}

void FindMac(std::string_view text, std::vector<PrivateSpan>& spans) {
  const auto starts = [&](std::size_t i) { return IsHex(text[i]) && (i == 0 || !IsWordByte(text[i - 1])); };
  const auto end_at = [&](std::size_t i) {
    if (const std::size_t end = PairsEnd(text, i, ':')) return end;
    if (const std::size_t end = PairsEnd(text, i, '-')) return end;
    return DottedMacEnd(text, i);
  };
  FindRuns(text, PrivateKind::kMac, starts, end_at, spans);
}

void FindCards(std::string_view text, std::vector<PrivateSpan>& spans) {
  const auto starts = [&](std::size_t i) {
    return text[i] >= '2' && text[i] <= '6' && (i == 0 || !IsDigit(text[i - 1]));
  };
  FindRuns(
      text, PrivateKind::kCard, starts, [&](std::size_t i) { return CardEnd(text, i); }, spans);
}

}  // namespace cistern
