#include "proto/yaml/units.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <limits>

#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

struct NamedFactor {
  std::string_view name;
  std::uint64_t factor;
};

constexpr NamedFactor kDurationUnits[] = {
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
};
constexpr NamedFactor kSizeUnits[] = {
    {"TiB", std::uint64_t{1} << 40},
    {"GiB", 1 << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1'000},
    {"kB", 1'000},
    {"B", 1},
};
constexpr std::size_t kBinarySizeUnits = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the front of `text`.
std::optional<std::uint64_t> TakeNumber(std::string_view& text) {
  std::uint64_t number = 0;
  if (text.empty() || !IsDigit(text.front())) return std::nullopt;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::string_view TakeWord(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && !IsDigit(text[n])) ++n;
  const std::string_view word = text.substr(0, n);
  text.remove_prefix(n);
  return word;
}

}  // namespace

std::optional<std::int64_t> ParseDuration(std::string_view text) {
  if (text == "0") return 0;
  std::uint64_t total = 0;
  std::size_t next_unit = 0;
  do {
    const auto number = TakeNumber(text);
    if (!number) return std::nullopt;
    const std::string_view word = TakeWord(text);
    while (next_unit < std::size(kDurationUnits) && kDurationUnits[next_unit].name != word) ++next_unit;
    if (next_unit == std::size(kDurationUnits)) return std::nullopt;
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(*number, kDurationUnits[next_unit].factor, &part) ||
        __builtin_add_overflow(total, part, &total)) {
      return std::nullopt;
    }
    ++next_unit;
  } while (!text.empty());
  if (total > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return static_cast<std::int64_t>(total);
}

std::string FormatDuration(std::int64_t nanoseconds) {
  std::string text;
  auto rest = static_cast<std::uint64_t>(nanoseconds);
  for (const NamedFactor& unit : kDurationUnits) {
    if (rest < unit.factor) continue;
    text += std::to_string(rest / unit.factor);
    text += unit.name;
    rest %= unit.factor;
  }
  return text.empty() ? "0s" : text;
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  const auto number = TakeNumber(text);
  if (!number) return std::nullopt;
  if (text.empty()) return number;
  for (const NamedFactor& unit : kSizeUnits) {
    if (unit.name != text) continue;
    std::uint64_t bytes = 0;
    if (__builtin_mul_overflow(*number, unit.factor, &bytes)) return std::nullopt;
    return bytes;
  }
  return std::nullopt;
}

std::string FormatSize(std::uint64_t bytes) {
  for (std::size_t i = 0; i < kBinarySizeUnits; ++i) {
    const NamedFactor& unit = kSizeUnits[i];
    if (bytes != 0 && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool v6 = host.find(':') != std::string_view::npos;
  const bool numeric = IpAddress::Parse(host).has_value();
  const auto number = TakeNumber(port);
  if (v6 != bracketed || !numeric || !number || !port.empty() || *number > 65535) return std::nullopt;
  return HostPort{std::string(host), static_cast<std::uint16_t>(*number)};
}

std::optional<HostPort> ParseEndpoint(std::string_view text) {
  if (const auto numeric = ParseHostPort(text)) return numeric->port == 0 ? std::nullopt : numeric;
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon > 253) return std::nullopt;
  const std::string_view host = text.substr(0, colon);
  std::string_view port = text.substr(colon + 1);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
  const auto number = TakeNumber(port);
  if (address || !std::all_of(host.begin(), host.end(), allowed) || host.front() == '-') return std::nullopt;
  if (!number || !port.empty() || *number == 0 || *number > 65535) return std::nullopt;
  return HostPort{std::string(host), static_cast<std::uint16_t>(*number)};
}

}  // namespace cistern
