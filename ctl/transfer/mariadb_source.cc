#include "ctl/transfer/mariadb_source.h"

#include <charconv>
#include <string_view>

namespace cistern::ctl {
namespace {

constexpr std::string_view kScheme = "mariadb://";
constexpr char kForm[] =
    "expected mariadb://USER@HOST:PORT/DATABASE/TABLE, behind which ?socket=PATH or ?ca=FILE may stand";

// Up to the first `end`, which is passed over; all when there is none.
std::string_view Take(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

bool IsName(std::string_view name) {
  constexpr std::string_view kAllowed = "_$0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

// `host`, `host:port`, `[::1]:port`.
bool ReadHost(std::string_view text, MariadbSource& source) {
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  source.host = host;
  if (colon == std::string_view::npos) return !host.empty();
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + colon + 1, end, source.port);
  return !host.empty() && error == std::errc() && last == end && source.port > 0;
}

bool ReadOption(std::string_view option, MariadbSource& source) {
  const std::string_view name = Take(option, '=');
  std::string& value = name == "socket" ? source.socket : source.ca;
  value = option;
  return (name == "socket" || name == "ca") && !value.empty();
}

}  // namespace

bool IsMariadbUrl(std::string_view text) { return text.starts_with(kScheme); }

Result<MariadbSource, FileError> ParseMariadbUrl(const std::string& url) {
  std::string_view options = std::string_view(url).substr(kScheme.size());
  std::string_view path = Take(options, '?');
  MariadbSource source;
  std::string_view where = Take(path, '/');
  const std::size_t at = where.rfind('@');
  bool good = at != std::string_view::npos && at > 0;
  if (good) {
    source.user = where.substr(0, at);
    if (source.user.find(':') != std::string::npos)
      return FileError{url.substr(0, url.find(':', kScheme.size())) +
                       "...: a password has no place there; use --password-file"};
    good = ReadHost(where.substr(at + 1), source);
  }
  source.database = Take(path, '/');
  source.table = path;
  good = good && IsName(source.database) && IsName(source.table);
  while (good && !options.empty()) good = ReadOption(Take(options, '&'), source);
  if (!good) return FileError{url + ": " + kForm};
  return {boost::system::in_place_value, std::move(source)};
}

}  // namespace cistern::ctl
