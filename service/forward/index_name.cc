#include "service/forward/index_name.h"

#include <cstdio>
#include <ctime>

namespace cistern {
namespace {

constexpr std::string_view kNames[] = {"{year}", "{month}", "{day}"};

std::string Digits(int width, int value) {
  char text[16];
  return {text, static_cast<std::size_t>(std::snprintf(text, sizeof text, "%0*d", width, value))};
}

}  // namespace

std::optional<std::string> CheckIndexName(std::string_view name) {
  constexpr std::string_view kAllowed = "._-+0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr std::size_t kLongest = 255;
  std::string plain(name);
  for (const std::string_view part : kNames) {
    for (std::size_t at; (at = plain.find(part)) != std::string::npos;)
      plain.replace(at, part.size(), "0000");
  }
  if (plain.find_first_of("{}") != std::string::npos)
    return "knows {year}, {month} and {day} and no other name";
  if (plain.empty() || plain.size() > kLongest || plain.find_first_not_of(kAllowed) != std::string::npos ||
      plain.find_first_of("-_+") == 0 || plain == "." || plain == "..")
    return "is not the name of an index: small letters, digits, ., _, - and +, at most 255, no -, _ or + "
           "first";
  return std::nullopt;
}

void AppendIndexName(std::string_view name, std::int64_t time, std::string& out) {
  const std::time_t seconds = time / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const std::string values[] = {Digits(4, utc.tm_year + 1900), Digits(2, utc.tm_mon + 1),
                                Digits(2, utc.tm_mday)};
  while (!name.empty()) {
    std::size_t length = 1;
    std::string_view text = name.substr(0, 1);
    for (std::size_t i = 0; i < std::size(kNames); ++i) {
      if (!name.starts_with(kNames[i])) continue;
      length = kNames[i].size();
      text = values[i];
    }
    out += text;
    name.remove_prefix(length);
  }
}

}  // namespace cistern
