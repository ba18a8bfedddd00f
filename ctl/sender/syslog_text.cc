#include "ctl/sender/syslog_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

namespace cistern::ctl {
namespace {

std::tm CivilTime(std::int64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / 1'000'000'000);
  std::tm civil{};
  gmtime_r(&seconds, &civil);
  return civil;
}

bool IsWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string_view OrNil(const std::string& text) { return text.empty() ? std::string_view("-") : text; }

void AppendRfc5424(const SyslogHeader& h, std::int64_t time_ns, std::string_view text, std::string& out) {
  fmt::format_to(std::back_inserter(out), "<{}>1 ", h.facility * 8 + h.severity);
  AppendRfc5424Time(time_ns, out);
  fmt::format_to(std::back_inserter(out), " {} {} {} {} {}", OrNil(h.hostname), OrNil(h.app_name),
                 OrNil(h.procid), OrNil(h.msgid), OrNil(h.structured_data));
  if (!text.empty()) out.append(" ").append(text);
}

void AppendRfc3164(const SyslogHeader& h, std::int64_t time_ns, std::string_view text, std::string& out) {
  fmt::format_to(std::back_inserter(out), "<{}>", h.facility * 8 + h.severity);
  AppendRfc3164Time(time_ns, out);
  if (!h.hostname.empty()) out.append(" ").append(h.hostname);
  if (!h.app_name.empty()) {
    out.append(" ").append(h.app_name);
    if (!h.procid.empty()) out.append("[").append(h.procid).append("]");
    out.append(":");
  }
  out.append(" ").append(text);
}

// SD-ID or PARAM-NAME of RFC 5424 section 6.3.
bool TakeName(std::string_view& rest) {
  const std::size_t size = std::min(rest.find_first_of(" =]\""), rest.size());
  const bool good = size >= 1 && size <= 32 && IsWord(rest.substr(0, size));
  rest.remove_prefix(size);
  return good;
}

// `"value"` with its escapes.
bool TakeQuoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return false;
  std::size_t i = 1;
  while (i < rest.size() && rest[i] != '"' && rest[i] != ']') i += rest[i] == '\\' ? 2 : 1;
  if (i >= rest.size() || rest[i] != '"') return false;
  rest.remove_prefix(i + 1);
  return true;
}

bool TakeElement(std::string_view& rest) {
  if (!rest.starts_with('[')) return false;
  rest.remove_prefix(1);
  if (!TakeName(rest)) return false;
  while (rest.starts_with(' ')) {
    rest.remove_prefix(1);
    if (!TakeName(rest) || !rest.starts_with('=')) return false;
    rest.remove_prefix(1);
    if (!TakeQuoted(rest)) return false;
  }
  if (!rest.starts_with(']')) return false;
  rest.remove_prefix(1);
  return true;
}

bool IsStructuredData(std::string_view text) {
  while (!text.empty()) {
    if (!TakeElement(text)) return false;
  }
  return true;
}

}  // namespace

void AppendRfc5424Time(std::int64_t time_ns, std::string& out) {
  const std::tm civil = CivilTime(time_ns);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", civil.tm_year + 1900,
                 civil.tm_mon + 1, civil.tm_mday, civil.tm_hour, civil.tm_min, civil.tm_sec,
                 time_ns / 1000 % 1'000'000);
}

void AppendRfc3164Time(std::int64_t time_ns, std::string& out) {
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::tm civil = CivilTime(time_ns);
  fmt::format_to(std::back_inserter(out), "{} {:2} {:02}:{:02}:{:02}",
                 kMonths[static_cast<std::size_t>(civil.tm_mon)], civil.tm_mday, civil.tm_hour, civil.tm_min,
                 civil.tm_sec);
}

std::string CheckHeader(const SyslogHeader& header) {
  struct Limit {
    const char* name;
    const std::string& value;
    std::size_t most;
  };
  for (const Limit& field : {Limit{"host", header.hostname, 255}, Limit{"app", header.app_name, 48},
                             Limit{"procid", header.procid, 128}, Limit{"msgid", header.msgid, 32}}) {
    if (field.value.size() > field.most) {
      return fmt::format("--{} has {} octets; at most {} are allowed", field.name, field.value.size(),
                         field.most);
    }
    if (!IsWord(field.value)) return fmt::format("--{} must be printable ASCII without spaces", field.name);
  }
  if (!header.structured_data.empty() && !IsStructuredData(header.structured_data)) {
    return "--sd is not structured data; expected [id name=\"value\" ...], with \\\" \\\\ \\] inside values";
  }
  return {};
}

void AppendSyslog(const SyslogHeader& header, std::int64_t time_ns, std::string_view text, std::string& out) {
  switch (header.format) {
    case SendFormat::kRfc5424:
      return AppendRfc5424(header, time_ns, text, out);
    case SendFormat::kRfc3164:
      return AppendRfc3164(header, time_ns, text, out);
    case SendFormat::kRaw:
      out.append(text);
  }
}

}  // namespace cistern::ctl
