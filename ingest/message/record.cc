#include "ingest/message/record.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

namespace cistern {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",     "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "console", "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6",  "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                         "warning", "notice", "info", "debug"};
constexpr std::array<std::string_view, 7> kTransports = {"", "udp", "tcp", "tls", "unix", "grpc", "internal"};
constexpr std::array<std::string_view, 3> kFormats = {"raw", "rfc5424", "rfc3164"};
constexpr std::array<std::string_view, 13> kFlags = {
    "truncated",  "bad_utf8",      "bad_pri",   "no_pri",  "bad_timestamp", "year_inferred", "zone_inferred",
    "clock_skew", "partial_frame", "malformed", "lenient", "bom",           "imported"};

struct Synonym {
  std::string_view name;
  std::uint8_t code;
};
constexpr Synonym kFacilitySynonyms[] = {{"security", 4}, {"alert", 14}, {"solaris-cron", 15}};
constexpr Synonym kSeveritySynonyms[] = {{"emergency", 0},  {"panic", 0}, {"critical", 2},
                                         {"error", 3},      {"warn", 4},  {"informational", 6},
                                         {"information", 6}};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool SameWord(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, Lower, Lower); }

std::string_view NameAt(Names names, std::size_t index) {
  return index < names.size() ? names[index] : std::string_view();
}

std::optional<std::uint8_t> IndexOf(Names names, std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty() && SameWord(names[i], text)) return static_cast<std::uint8_t>(i);
  }
  return std::nullopt;
}

std::optional<std::uint8_t> ParseSmallNumber(std::string_view text, std::size_t count) {
  if (text.empty() || text.size() > 2) return std::nullopt;
  std::size_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::size_t>(c - '0');
  }
  if (value >= count) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

std::optional<std::uint8_t> ParseCode(Names names, std::span<const Synonym> synonyms, std::string_view text) {
  if (auto code = IndexOf(names, text)) return code;
  for (const Synonym& synonym : synonyms) {
    if (SameWord(synonym.name, text)) return synonym.code;
  }
  return ParseSmallNumber(text, names.size());
}

}  // namespace

std::string_view FacilityName(Facility facility) { return NameAt(kFacilities, facility); }
std::string_view SeverityName(Severity severity) { return NameAt(kSeverities, severity); }

std::optional<Facility> ParseFacility(std::string_view text) {
  return ParseCode(kFacilities, kFacilitySynonyms, text);
}

std::optional<Severity> ParseSeverity(std::string_view text) {
  return ParseCode(kSeverities, kSeveritySynonyms, text);
}

std::string_view TransportName(Transport transport) {
  return NameAt(kTransports, static_cast<std::size_t>(transport));
}

std::optional<Transport> ParseTransport(std::string_view text) {
  if (auto index = IndexOf(kTransports, text)) return static_cast<Transport>(*index);
  return std::nullopt;
}

std::string_view FormatName(Format format) { return NameAt(kFormats, static_cast<std::size_t>(format)); }

std::optional<Format> ParseFormat(std::string_view text) {
  if (auto index = IndexOf(kFormats, text)) return static_cast<Format>(*index);
  return std::nullopt;
}

std::string_view FlagName(std::uint32_t bit) {
  return std::has_single_bit(bit) ? NameAt(kFlags, static_cast<std::size_t>(std::countr_zero(bit)))
                                  : std::string_view();
}

std::uint32_t ParseFlag(std::string_view name) {
  auto index = IndexOf(kFlags, name);
  return index ? 1u << *index : 0u;
}

}  // namespace cistern
