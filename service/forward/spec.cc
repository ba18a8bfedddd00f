#include "service/forward/spec.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "cistern/v1/target.pb.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/units.h"
#include "service/forward/check.h"
#include "storage/filter/filter.h"
#include "storage/filter/time_text.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestSecret = 64 << 10;

std::optional<std::uint64_t> ParseId(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return id;
}

}  // namespace

void AddImpliedGroups(v1::Target& target) {
  if (target.syslog().transport() == "tls") target.mutable_syslog()->mutable_tls();
  if (target.http().url().starts_with("https:")) target.mutable_http()->mutable_tls();
  if (target.has_mail() && target.mail().security() != "none") target.mutable_mail()->mutable_tls();
}

YamlErrors PrepareTarget(v1::Target& target) {
  YamlErrors errors;
  Origins origins;
  CheckValues({target, origins, errors});
  CheckRequired({target, origins, errors});
  if (!errors.empty()) return errors;
  AddImpliedGroups(target);
  FillDefaults(target, origins);
  CheckTarget(target, "", origins, errors);
  return errors;
}

void CheckTarget(const v1::Target& target, const std::string& key, const Origins& origins,
                 YamlErrors& errors) {
  const TargetCheck check(key, origins, errors);
  if (!IsTargetName(target.name()))
    check.Fail("name", Quoted(target.name()) + " is not a name: 1 to 63 small letters, digits, - and _");
  if (const auto filter = Filter::Parse(target.filter()); !filter)
    check.Fail("filter", filter.error().ToString());
  if (!ParseStart(target.from()))
    check.Fail("from",
               Quoted(target.from()) +
                   " is not where a target can start: now, oldest, an age such as 24h, a time such as "
                   "2026-11-20T10:00:00Z, or id:123");
  if (target.retry().max() < target.retry().initial())
    check.Fail("retry.max", "is shorter than retry.initial");
  CheckKind(target, check);
}

bool IsTargetName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestName && std::all_of(name.begin(), name.end(), allowed);
}

std::optional<TargetStart> ParseStart(std::string_view from) {
  using Kind = TargetStart::Kind;
  if (from == "now") return TargetStart{};
  if (from == "oldest") return TargetStart{Kind::kOldest};
  if (from.starts_with("id:")) {
    const auto id = ParseId(from.substr(3));
    return id ? std::optional(TargetStart{Kind::kId, static_cast<std::int64_t>(*id)}) : std::nullopt;
  }
  if (const auto age = ParseDuration(from)) return TargetStart{Kind::kAge, *age};
  if (const auto time = filter::ParseTime(from)) return TargetStart{Kind::kTime, time->start};
  return std::nullopt;
}

Result<std::string, std::string> ReadSecret(const std::string& reference) {
  const std::string name = reference.substr(reference.find(':') + 1);
  if (reference.starts_with("env:")) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0')
      return {boost::system::in_place_error, "the environment variable " + name + " is not set"};
    return {boost::system::in_place_value, value};
  }
  std::ifstream file(name, std::ios::binary);
  std::string text(kLongestSecret + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (file.bad() || !file.is_open())
    return {boost::system::in_place_error, "the file " + name + " cannot be read"};
  if (text.size() > kLongestSecret)
    return {boost::system::in_place_error, "the file " + name + " is larger than 64 KiB"};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return {boost::system::in_place_error, "the file " + name + " is empty"};
  return {boost::system::in_place_value, std::move(text)};
}

}  // namespace cistern
