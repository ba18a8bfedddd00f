#include "service/rules/definition.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <ctime>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/units.h"
#include "service/forward/spec.h"
#include "service/rules/rule_check.h"
#include "storage/filter/time_text.h"

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr std::size_t kLargestDefinition = 64 << 10;
constexpr std::int64_t kLongestAge = std::int64_t{3650} * 86400 * 1'000'000'000;

const FieldDescriptor* KindField(const v1::Rule& rule) {
  return v1::Rule::descriptor()->FindFieldByNumber(static_cast<int>(rule.kind_case()));
}

// To the second.
std::string TimeText(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields)};
}

void CheckExpiry(const std::string& expires, const RuleCheck& check) {
  if (expires.empty() || filter::ParseTime(expires)) return;
  const auto age = ParseDuration(expires);
  if (!age)
    return check.Fail(
        "expires", Quoted(expires) + " is neither a time such as 2026-11-20T10:00:00Z nor an age such as 2h");
  if (*age <= 0 || *age > kLongestAge) check.Fail("expires", "an age must be more than 0 and at most 3650d");
}

}  // namespace

YamlErrors PrepareRule(v1::Rule& rule, std::int64_t now) {
  YamlErrors errors;
  Origins origins;
  CheckValues({rule, origins, errors});
  CheckRequired({rule, origins, errors});
  if (!errors.empty()) return errors;
  FillDefaults(rule, origins);
  CheckRule(rule, "", origins, errors);
  if (errors.empty()) FixExpiry(rule, now);
  return errors;
}

void CheckRule(const v1::Rule& rule, const std::string& key, const Origins& origins, YamlErrors& errors) {
  const RuleCheck check(key, origins, errors);
  if (rule.ByteSizeLong() > kLargestDefinition) return check.Fail("", "is larger than 64 KiB");
  if (!IsTargetName(rule.name()))
    check.Fail("name", Quoted(rule.name()) + " is not a name: 1 to 63 small letters, digits, - and _");
  check.OptionalFilter(rule.filter(), "filter");
  CheckExpiry(rule.expires(), check);
  IsIngestRule(rule) ? CheckIngestKind(rule, check) : CheckDetectionKind(rule, check);
}

void FixExpiry(v1::Rule& rule, std::int64_t now) {
  const auto age = rule.expires().empty() ? std::nullopt : ParseDuration(rule.expires());
  if (age) rule.set_expires(TimeText(now + *age));
}

std::optional<std::int64_t> ExpiryOf(const v1::Rule& rule) {
  const auto time = rule.expires().empty() ? std::nullopt : filter::ParseTime(rule.expires());
  return time ? std::optional(time->start) : std::nullopt;
}

bool IsInForce(const v1::Rule& rule, std::int64_t now) {
  return rule.enabled() && now < ExpiryOf(rule).value_or(INT64_MAX);
}

bool IsIngestRule(const v1::Rule& rule) {
  const auto kind = rule.kind_case();
  return kind >= v1::Rule::kDrop && kind <= v1::Rule::kExtract;
}

const v1::EventConfig* EventOf(const v1::Rule& rule) {
  const FieldDescriptor* kind = KindField(rule);
  if (kind == nullptr || IsIngestRule(rule)) return nullptr;
  const Message& group = rule.GetReflection()->GetMessage(rule, kind);
  const FieldDescriptor* event = group.GetDescriptor()->FindFieldByName("event");
  return static_cast<const v1::EventConfig*>(&group.GetReflection()->GetMessage(group, event));
}

std::string_view KindOf(const v1::Rule& rule) {
  const FieldDescriptor* kind = KindField(rule);
  return kind == nullptr ? std::string_view() : std::string_view(kind->name());
}

std::vector<std::string> KeyFieldsOf(const v1::Rule& rule) {
  const FieldDescriptor* kind = KindField(rule);
  if (kind == nullptr) return {};
  const Message& group = rule.GetReflection()->GetMessage(rule, kind);
  const FieldDescriptor* by = group.GetDescriptor()->FindFieldByName("by");
  std::vector<std::string> fields;
  for (int i = 0; by != nullptr && i < group.GetReflection()->FieldSize(group, by); ++i)
    fields.push_back(group.GetReflection()->GetRepeatedString(group, by, i));
  return fields;
}

}  // namespace cistern
