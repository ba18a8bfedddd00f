#include "storage/block/number_pattern.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "storage/block/decimal.h"

namespace cistern {
namespace {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Three digits of each number below 1,000, the first in the lowest octet; in the highest, how many there are
// without zeros in front.
constexpr std::array<std::uint32_t, 1000> MakeTriples() {
  std::array<std::uint32_t, 1000> triples{};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    triples[i] = ('0' + i / 100) | ('0' + i / 10 % 10) << 8 | ('0' + i % 10) << 16;
    triples[i] |= (1u + (i >= 10) + (i >= 100)) << 24;
  }
  return triples;
}
constexpr std::array<std::uint32_t, 1000> kTriples = MakeTriples();

// All write four octets.
char* PutFirst(std::uint64_t number, char* to) {
  const std::uint32_t count = kTriples[number] >> 24, digits = kTriples[number] >> 8 * (3 - count);
  std::memcpy(to, &digits, sizeof digits);
  return to + count;
}
char* PutNext(std::uint64_t number, char* to) {
  std::memcpy(to, &kTriples[number], sizeof kTriples[number]);
  return to + 3;
}

// Its last digits.
char* PutLast(std::uint64_t number, unsigned digits, char* to) {
  const std::uint32_t last = kTriples[number] >> 8 * (3 - digits);
  std::memcpy(to, &last, sizeof last);
  return to + digits;
}

// Takes literals and the places of numbers from one value.
bool Begin(std::string_view value, NumberPattern& pattern) {
  pattern.literals.assign(1, {});
  pattern.widths.clear();
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!IsDigit(value[i])) {
      pattern.literals.back().push_back(value[i]);
    } else if (i == 0 || !IsDigit(value[i - 1])) {
      pattern.literals.emplace_back();
      pattern.widths.push_back(0);
    }
  }
  return !pattern.widths.empty() && pattern.widths.size() <= NumberPattern::kMaxNumbers;
}

// How the digits of one number look over all values.
struct Digits {
  unsigned min = UINT32_MAX, max = 0;
  bool leading_zero = false;
};

class ValueReader {
 public:
  explicit ValueReader(std::string_view value) : at_(value.data()), end_(value.data() + value.size()) {}
  bool Literal(std::string_view literal) {
    if (static_cast<std::size_t>(end_ - at_) < literal.size()) return false;
    for (const char c : literal)
      if (*at_++ != c) return false;
    return true;
  }
  bool Number(Digits& digits, std::int64_t& number) {
    const char* const start = at_;
    std::int64_t value = 0;
    for (; at_ != end_ && IsDigit(*at_); ++at_) {
      if (at_ - start == NumberPattern::kMaxDigits) return false;
      value = value * 10 + (*at_ - '0');
    }
    const auto count = static_cast<unsigned>(at_ - start);
    if (count == 0) return false;
    digits.min = std::min(digits.min, count);
    digits.max = std::max(digits.max, count);
    digits.leading_zero |= *start == '0' && count > 1;
    number = value;
    return true;
  }
  bool at_end() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

// The plain case: whole numbers that print back as they are.
bool FindIntegers(std::span<const std::string_view> values, NumberPattern& pattern,
                  std::vector<std::vector<std::int64_t>>& numbers) {
  numbers.resize(std::max<std::size_t>(numbers.size(), 1));
  numbers[0].resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t number;
    if (!ReadDecimal(values[i], number)) return false;
    numbers[0][i] = static_cast<std::int64_t>(number);
  }
  pattern.literals.assign(2, {});
  pattern.widths.assign(1, 0);
  return true;
}

}  // namespace

bool FindNumberPattern(std::span<const std::string_view> values, NumberPattern& pattern,
                       std::vector<std::vector<std::int64_t>>& numbers) {
  if (FindIntegers(values, pattern, numbers)) return true;
  if (values.front().size() > 128 || !Begin(values.front(), pattern)) return false;
  const std::size_t count = pattern.widths.size();
  Digits digits[NumberPattern::kMaxNumbers];
  numbers.resize(std::max(numbers.size(), count));
  for (std::size_t n = 0; n < count; ++n) numbers[n].resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ValueReader value(values[i]);
    for (std::size_t n = 0; n < count; ++n)
      if (!value.Literal(pattern.literals[n]) || !value.Number(digits[n], numbers[n][i])) return false;
    if (!value.Literal(pattern.literals[count]) || !value.at_end()) return false;
  }
  for (std::size_t n = 0; n < count; ++n) {
    if (!digits[n].leading_zero) continue;
    if (digits[n].min != digits[n].max) return false;
    pattern.widths[n] = static_cast<std::uint8_t>(digits[n].max);
  }
  return true;
}

void WritePattern(const NumberPattern& pattern, ByteBuffer& out) {
  out.PutVarint(pattern.widths.size());
  for (const std::uint8_t width : pattern.widths) out.PutByte(width);
  for (const std::string& literal : pattern.literals) {
    out.PutVarint(literal.size());
    out.PutBytes(literal);
  }
}

bool ReadPattern(ByteReader& in, NumberPattern& pattern) {
  const std::uint64_t count = in.Varint();
  if (count == 0 || count > NumberPattern::kMaxNumbers) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    pattern.widths.push_back(in.Byte());
    if (pattern.widths.back() > NumberPattern::kMaxDigits) return false;
  }
  for (std::uint64_t i = 0; i <= count; ++i) pattern.literals.emplace_back(in.Bytes(in.Varint()));
  return in.ok();
}

char* PrintNumber(std::int64_t number, unsigned width, char* to) {
  auto rest = static_cast<std::uint64_t>(number);
  if (width == 0) {
    if (rest < 1'000) return PutFirst(rest, to);
    if (rest < 1'000'000) return PutNext(rest % 1'000, PutFirst(rest / 1'000, to));
    if (rest >= 1'000'000'000) return std::to_chars(to, to + kMaxPrinted, number).ptr;
    return PutNext(rest % 1'000, PutNext(rest / 1'000 % 1'000, PutFirst(rest / 1'000'000, to)));
  }
  if (width <= 3) return PutLast(rest % 1'000, width, to);
  if (width <= 6) return PutNext(rest % 1'000, PutLast(rest / 1'000 % 1'000, width - 3, to));
  for (unsigned i = width; i-- > 0; rest /= 10) to[i] = static_cast<char>('0' + rest % 10);
  return to + width;
}

}  // namespace cistern
