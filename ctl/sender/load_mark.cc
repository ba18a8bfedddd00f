#include "ctl/sender/load_mark.h"

#include <xxhash.h>

#include <charconv>
#include <random>

namespace cistern::ctl {
namespace {

std::uint16_t Checksum(std::string_view text, std::uint64_t header_sum) {
  return static_cast<std::uint16_t>(XXH3_64bits_withSeed(text.data(), text.size(), header_sum));
}

void AppendNumber(std::string_view name, std::uint64_t value, std::string& out) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(name).append(digits, end);
}

// Takes ` NAME=` and a number off the start of `rest`.
template <class Number>
bool TakeNumber(std::string_view name, int base, std::string_view& rest, Number& value) {
  if (!rest.starts_with(name)) return false;
  rest.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

std::string MakeRunId() {
  std::random_device random;
  std::string run;
  for (std::size_t i = 0; i < kRunIdSize; ++i) run.push_back(static_cast<char>('a' + random() % 26));
  return run;
}

std::uint64_t HeaderSum(std::string_view hostname, std::string_view app_name, std::string_view procid) {
  std::uint64_t sum = XXH3_64bits(hostname.data(), hostname.size());
  sum = XXH3_64bits_withSeed(app_name.data(), app_name.size(), sum);
  return XXH3_64bits_withSeed(procid.data(), procid.size(), sum);
}

void AppendMark(std::string_view run, unsigned sender, std::uint64_t sequence, std::uint64_t header_sum,
                std::size_t text_start, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.append(" run=").append(run);
  AppendNumber(" s=", sender, out);
  AppendNumber(" n=", sequence, out);
  const std::uint16_t sum = Checksum(std::string_view(out).substr(text_start), header_sum);
  const char text[] = {' ',           'c', '=', kHex[sum >> 12], kHex[sum >> 8 & 15], kHex[sum >> 4 & 15],
                       kHex[sum & 15]};
  out.append(text, sizeof text);
}

std::optional<Mark> ReadMark(std::string_view text, std::string_view run, std::uint64_t header_sum) {
  const std::size_t start = text.rfind(" run=");
  if (start == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(start + 5);
  if (!rest.starts_with(run)) return std::nullopt;
  rest.remove_prefix(run.size());
  Mark mark;
  if (!TakeNumber(" s=", 10, rest, mark.sender) || !TakeNumber(" n=", 10, rest, mark.sequence))
    return std::nullopt;
  const std::string_view covered = text.substr(0, text.size() - rest.size());
  std::uint16_t sum = 0;
  mark.intact = rest.size() == 7 && TakeNumber(" c=", 16, rest, sum) && rest.empty() &&
                sum == Checksum(covered, header_sum);
  return mark;
}

}  // namespace cistern::ctl
