#include "proto/yaml/text.h"

#include <google/protobuf/descriptor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "cistern/v1/options.pb.h"
#include "ingest/message/ip_address.h"
#include "proto/yaml/suggest.h"
#include "proto/yaml/units.h"

namespace cistern {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// Octets of the UTF-8 character at the front of `text`, 0 when it is not one.
std::size_t Utf8Length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && at(1) < 0xa0) || (lead == 0xf0 && at(1) < 0x90);
  const bool outside = (lead == 0xed && at(1) > 0x9f) || (lead == 0xf4 && at(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t cut = text.find(separator);
    parts.emplace_back(text.substr(0, cut));
    if (cut == std::string_view::npos) return parts;
    text.remove_prefix(cut + 1);
  }
}

std::string AbsolutePath(std::string_view text, const std::string& folder) {
  const std::filesystem::path path(text);
  std::error_code ec;
  const auto absolute = std::filesystem::absolute(std::filesystem::path(folder) / path, ec);
  return path.is_absolute() || ec ? std::string(text) : absolute.lexically_normal().string();
}

// `localhost:514`, `*:514`, `:514` and `514` are addresses that somebody meant.
std::string AddressMeant(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  std::string meant;
  if (host == "localhost") {
    meant = "127.0.0.1:";
  } else if (host.empty() || host == "*") {
    meant = "0.0.0.0:";
  } else {
    meant = "[" + std::string(host) + "]:";
  }
  meant += port;
  return ParseHostPort(meant) ? meant : std::string();
}

std::optional<ScalarProblem> CheckUnit(v1::Unit unit, std::string_view text) {
  if (unit == v1::UNIT_ENDPOINT && !ParseEndpoint(text)) {
    return ScalarProblem(Quoted(text) + " is not HOST:PORT with a port from 1 to 65535", {});
  }
  if (unit == v1::UNIT_ADDRESS && !ParseHostPort(text)) {
    const std::string meant = AddressMeant(text);
    if (!meant.empty()) return ScalarProblem{Quoted(text) + " is not a numeric HOST:PORT", meant};
    return ScalarProblem{Quoted(text) + " is not an address; write it like 127.0.0.1:5140 or [::1]:5140", {}};
  }
  if (unit == v1::UNIT_NETWORK && !IpNetwork::Parse(text)) {
    return ScalarProblem{Quoted(text) + " is not a network; write it like 10.1.0.0/16 or 2001:db8::/32", {}};
  }
  return std::nullopt;
}

std::optional<ScalarProblem> CheckAllowed(const FieldDescriptor& field, std::string_view text) {
  const std::string& values = field.options().GetExtension(v1::one_of_values);
  if (values.empty()) return std::nullopt;
  const std::vector<std::string> allowed = Split(values, '|');
  for (const std::string& value : allowed) {
    if (value == text) return std::nullopt;
  }
  return ScalarProblem{Quoted(text) + " is not one of " + JoinNames(allowed), Suggest(text, allowed)};
}

bool IsReference(std::string_view text) {
  return (text.starts_with("file:") && text.size() > 5) || (text.starts_with("env:") && text.size() > 4);
}

bool RefusesEmpty(const FieldDescriptor& field) {
  const auto& options = field.options();
  if (options.GetExtension(v1::may_be_empty)) return false;
  return options.GetExtension(v1::unit) != v1::UNIT_NONE || options.GetExtension(v1::required);
}

std::string ShortEnumName(const EnumDescriptor& type, std::string_view name) {
  std::string prefix;  // of `ClientAuth`: CLIENT_AUTH_
  for (const char c : type.name()) {
    if (c >= 'A' && c <= 'Z' && !prefix.empty()) prefix += '_';
    prefix += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  prefix += '_';
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  std::string small;
  for (const char c : name) small += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

}  // namespace

Result<std::string, ScalarProblem> CheckText(const FieldDescriptor& field, std::string_view text,
                                             const std::string& folder) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) return std::string(text);
  if (!IsUtf8(text)) return ScalarProblem{"is not valid UTF-8", {}};
  if (text.find('\0') != std::string_view::npos) return ScalarProblem{"must not hold a NUL character", {}};
  const auto& options = field.options();
  if (options.GetExtension(v1::secret) && !IsReference(text)) {
    return ScalarProblem{"a secret is given by reference: file:PATH or env:NAME", {}};
  }
  if (text.empty()) {
    if (RefusesEmpty(field)) return ScalarProblem{"must not be empty", {}};
    return std::string();
  }
  if (auto problem = CheckAllowed(field, text)) return *problem;
  const v1::Unit unit = options.GetExtension(v1::unit);
  if (auto problem = CheckUnit(unit, text)) return *problem;
  return unit == v1::UNIT_PATH ? AbsolutePath(text, folder) : std::string(text);
}

std::string EnumName(const FieldDescriptor& field, int number) {
  const EnumDescriptor& type = *field.enum_type();
  const auto* value = type.FindValueByNumber(number);
  return value == nullptr ? std::to_string(number) : ShortEnumName(type, value->name());
}

Result<int, ScalarProblem> ParseEnum(const FieldDescriptor& field, std::string_view text) {
  const EnumDescriptor& type = *field.enum_type();
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    names.push_back(ShortEnumName(type, type.value(i)->name()));
    if (names.back() == text) return type.value(i)->number();
  }
  return ScalarProblem{Quoted(text) + " is not one of " + JoinNames(names), Suggest(text, names)};
}

}  // namespace cistern
