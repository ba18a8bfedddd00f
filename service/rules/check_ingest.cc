// What is to be known of each kind of ingest rule before it sees a record.
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "proto/yaml/scalar.h"
#include "service/rules/rule_check.h"
#include "storage/filter/field_template.h"
#include "storage/filter/suggest.h"

namespace cistern {
namespace {

constexpr int kMostEntries = 64, kMostSteps = 2400;
constexpr std::size_t kMostTags = 64;
constexpr std::size_t kLongestPrefix = 64;
constexpr double kHighestRate = 1e9;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void CheckLimit(const v1::LimitRule& limit, const RuleCheck& check) {
  check.Fields(limit.by(), "limit.by");
  if (!std::isfinite(limit.rate()) || limit.rate() <= 0 || limit.rate() > kHighestRate)
    check.Fail("limit.rate", "must be more than 0 and at most 1000000000; to store nothing, drop");
}

void CheckRedact(const v1::RedactRule& redact, const RuleCheck& check) {
  static const std::vector<std::string> kKinds = {"user", "ipv4", "ipv6", "mac", "card", "email"};
  for (int i = 0; i < redact.what_size(); ++i) {
    if (std::find(kKinds.begin(), kKinds.end(), redact.what(i)) == kKinds.end())
      check.Fail(JoinIndex("redact.what", i), Quoted(redact.what(i)) + " is not one of " + JoinNames(kKinds));
  }
  int steps = 0;
  for (int i = 0; i < redact.patterns_size(); ++i) {
    const auto pattern = check.Pattern(redact.patterns(i), JoinIndex("redact.patterns", i));
    if (pattern) steps += pattern->ProgramSize();
  }
  if (steps > kMostSteps)
    check.Fail("redact.patterns", "are too large together: " + std::to_string(steps) + " steps, of at most " +
                                      std::to_string(kMostSteps));
  if (redact.what().empty() && redact.patterns().empty())
    check.Fail("redact", "needs what or patterns: what is to be hidden");
  if (redact.what_size() > kMostEntries) check.Fail("redact.what", "has more than 64 entries");
  if (redact.patterns_size() > kMostEntries) check.Fail("redact.patterns", "has more than 64 entries");
}

void CheckTagName(const std::string& name, const std::string& path, const RuleCheck& check) {
  if (HasControl(name)) check.Fail(path, "holds a control character");
  if (name.size() > kMaxTagName) check.Fail(path, "is longer than 64 octets");
  if (IsReservedTag(name))
    check.Fail(path,
               Quoted(name) + " is reserved: event.*, origin.event.* and cistern.* are tags of the daemon");
}

void CheckTag(const v1::TagRule& tag, const RuleCheck& check) {
  if (tag.tags().empty()) check.Fail("tag.tags", "is required: names of tags and their values");
  if (tag.tags().size() > kMostTags) check.Fail("tag.tags", "has more than 64 entries");
  for (const auto& [name, value] : tag.tags()) {
    const std::string path = JoinKey("tag.tags", Printable(name));
    CheckTagName(name, path, check);
    check.Template(value, path);
  }
}

bool IsConstant(const std::string& text) {
  const auto parsed = FieldTemplate::Parse(text);
  return parsed && parsed->pieces().size() <= 1;
}

// A value without fields can be looked at now.
void CheckCode(const std::string& field, const std::string& value, const std::string& path,
               const RuleCheck& check) {
  static const std::vector<std::string> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                       "warning", "notice", "info", "debug"};
  if (field != "severity" || !IsConstant(value)) return;
  if (std::find(kSeverities.begin(), kSeverities.end(), value) == kSeverities.end())
    check.Fail(path, Quoted(value) + " is not one of " + JoinNames(kSeverities));
}

void CheckSet(const v1::SetRule& set, const RuleCheck& check) {
  static const std::vector<std::string> kFields = {"hostname", "app_name", "procid", "msgid",
                                                   "severity", "facility", "message"};
  if (set.fields().empty()) check.Fail("set.fields", "is required: names of fields and their values");
  for (const auto& [name, value] : set.fields()) {
    const std::string path = JoinKey("set.fields", Printable(name));
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end())
      check.Fail(path, Quoted(name) + " cannot be set: expected one of " + JoinNames(kFields));
    check.Template(value, path);
    CheckCode(name, value, path, check);
  }
}

void CheckExtract(const v1::ExtractRule& extract, const RuleCheck& check) {
  if (HasControl(extract.prefix()) || extract.prefix().size() > kLongestPrefix)
    check.Fail("extract.prefix", "must be 64 octets at most, without control characters");
  if (IsReservedTag(extract.prefix() + "x"))
    return check.Fail("extract.prefix", Quoted(extract.prefix()) +
                                            " makes names that are reserved: event.*, "
                                            "origin.event.* and cistern.* are tags of the daemon");
  for (int i = 0; i < extract.only_size(); ++i)
    CheckTagName(extract.prefix() + extract.only(i), JoinIndex("extract.only", i), check);
  if (extract.only_size() > 256) check.Fail("extract.only", "has more than 256 entries");
  if (extract.how_case() != v1::ExtractRule::kPattern) return;
  const auto names = check.NamedPattern(extract.pattern(), "extract.pattern");
  for (const std::string& name : names) CheckTagName(extract.prefix() + name, "extract.pattern", check);
  for (int i = 0; i < extract.only_size(); ++i) {
    if (!names.empty() && std::find(names.begin(), names.end(), extract.only(i)) == names.end())
      check.Fail(JoinIndex("extract.only", i), Quoted(extract.only(i)) + " is not a group of the pattern");
  }
}

}  // namespace

void CheckIngestKind(const v1::Rule& rule, const RuleCheck& check) {
  switch (rule.kind_case()) {
    case v1::Rule::kSample:
      return check.Fields(rule.sample().by(), "sample.by");
    case v1::Rule::kLimit:
      return CheckLimit(rule.limit(), check);
    case v1::Rule::kDeduplicate:
      return check.Fields(rule.deduplicate().by(), "deduplicate.by");
    case v1::Rule::kRedact:
      return CheckRedact(rule.redact(), check);
    case v1::Rule::kTag:
      return CheckTag(rule.tag(), check);
    case v1::Rule::kSet:
      return CheckSet(rule.set(), check);
    case v1::Rule::kExtract:
      return CheckExtract(rule.extract(), check);
    default:
      return;
  }
}

}  // namespace cistern
