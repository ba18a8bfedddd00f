#include "proto/yaml/number.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "cistern/v1/options.pb.h"
#include "proto/yaml/units.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;

struct Range {
  WideInt smallest, largest;
};

Range TypeRange(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {0, std::numeric_limits<std::uint32_t>::max()};
    case FieldDescriptor::CPPTYPE_INT64:
      return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
    default:
      return {0, std::numeric_limits<std::uint64_t>::max()};
  }
}

// Of the type, narrowed by the options.
Range AllowedRange(const FieldDescriptor& field) {
  Range range = TypeRange(field);
  const auto& options = field.options();
  if (options.HasExtension(v1::minimum)) range.smallest = options.GetExtension(v1::minimum);
  if (options.GetExtension(v1::maximum) != 0) range.largest = options.GetExtension(v1::maximum);
  return range;
}

std::optional<WideInt> ParsePlain(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  std::uint64_t magnitude = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), magnitude);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? -static_cast<WideInt>(magnitude) : static_cast<WideInt>(magnitude);
}

std::optional<WideInt> ParseInUnit(std::string_view text, v1::Unit unit) {
  if (unit == v1::UNIT_DURATION) {
    if (const auto duration = ParseDuration(text)) return *duration;
    return std::nullopt;
  }
  if (unit == v1::UNIT_SIZE) {
    if (const auto size = ParseSize(text)) return *size;
    return std::nullopt;
  }
  return ParsePlain(text);
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// `64k`, `64 KB` and `64kib` are sizes that somebody meant.
std::string SizeMeant(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) return {};
  const std::size_t letter = text.find_first_not_of(' ', digits);
  if (letter == std::string_view::npos) return {};
  const char upper = static_cast<char>(text[letter] & ~0x20);
  if (std::string_view("KMGT").find(upper) == std::string_view::npos) return {};
  const std::string meant = std::string(text.substr(0, digits)) + upper + "iB";
  return ParseSize(meant) ? meant : std::string();
}

ScalarProblem NotANumber(std::string_view text, v1::Unit unit) {
  if (unit == v1::UNIT_DURATION) {
    if (AllDigits(text) && ParseDuration(std::string(text) + "s")) {
      return {Quoted(text) + " has no unit", std::string(text) + "s"};
    }
    return {Quoted(text) + " is not a duration; write it like 50ms, 300s, 1h30m or 7d", {}};
  }
  if (unit == v1::UNIT_SIZE) {
    const std::string meant = SizeMeant(text);
    if (!meant.empty()) return {Quoted(text) + " is not a size", meant};
    return {Quoted(text) + " is not a size; write it like 64KiB, 50GiB, 10MB or 200000", {}};
  }
  return {Quoted(text) + " is not a whole number", {}};
}

std::string InUnit(WideInt value, v1::Unit unit) {
  if (unit == v1::UNIT_DURATION && value >= 0) return FormatDuration(static_cast<std::int64_t>(value));
  if (unit == v1::UNIT_SIZE && value >= 0) return FormatSize(static_cast<std::uint64_t>(value));
  if (value < 0) return std::to_string(static_cast<std::int64_t>(value));
  return std::to_string(static_cast<std::uint64_t>(value));
}

}  // namespace

Result<WideInt, ScalarProblem> ParseInteger(const FieldDescriptor& field, std::string_view text) {
  const v1::Unit unit = field.options().GetExtension(v1::unit);
  const auto value = ParseInUnit(text, unit);
  if (!value) return NotANumber(text, unit);
  const Range range = AllowedRange(field);
  if (*value < range.smallest) return ScalarProblem{"must be at least " + InUnit(range.smallest, unit), {}};
  if (*value > range.largest) return ScalarProblem{"must be at most " + InUnit(range.largest, unit), {}};
  return *value;
}

Result<double, ScalarProblem> ParseReal(const FieldDescriptor& field, std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return ScalarProblem{Quoted(text) + " is not a number", {}};
  }
  const auto& options = field.options();
  const std::int64_t smallest = options.GetExtension(v1::minimum),
                     largest = options.GetExtension(v1::maximum);
  if (options.HasExtension(v1::minimum) && value < static_cast<double>(smallest)) {
    return ScalarProblem{"must be at least " + std::to_string(smallest), {}};
  }
  if (largest != 0 && value > static_cast<double>(largest)) {
    return ScalarProblem{"must be at most " + std::to_string(largest), {}};
  }
  return value;
}

std::string FormatInteger(const FieldDescriptor& field, WideInt value) {
  return InUnit(value, field.options().GetExtension(v1::unit));
}

}  // namespace cistern
