// What the checks of the kinds share. Of definitions whose defaults are filled.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proto/yaml/key_check.h"

namespace re2 {
class RE2;
}

namespace cistern {

namespace v1 {
class Rule;
}

class RuleCheck : public KeyCheck {
 public:
  using KeyCheck::KeyCheck;
  using Texts = google::protobuf::RepeatedPtrField<std::string>;
  using Pairs = google::protobuf::Map<std::string, std::string>;

  // An empty filter is refused by Filter() and accepted by OptionalFilter().
  void Filter(const std::string& text, const std::string& path) const;
  void OptionalFilter(const std::string& text, const std::string& path) const;
  // A field, or one of `extras`.
  void Field(const std::string& name, const std::string& path,
             std::span<const std::string> extras = {}) const;
  // Different fields, not too many.
  void Fields(const Texts& names, const std::string& path, std::span<const std::string> extras = {}) const;
  void Template(const std::string& text, const std::string& path,
                std::span<const std::string> extras = {}) const;
  // Null, and an error, when it does not compile.
  std::shared_ptr<const re2::RE2> Pattern(const std::string& text, const std::string& path) const;
  // The names of its groups; without a named group it is refused.
  std::vector<std::string> NamedPattern(const std::string& text, const std::string& path) const;
  // Values that can be written as `{{name}}`, none of which is one of `taken`. Adds them to it.
  void NewNames(const Pairs& pairs, const std::string& path, std::vector<std::string>& taken) const;
  // Fields of an event, by their names: none that the record of an event has itself.
  void EventFieldNames(const Pairs& fields, const std::string& path) const;
  // Names of rules, in which `*` may stand.
  void RuleNames(const Texts& names, const std::string& path) const;
  void RuleName(const std::string& name, const std::string& path) const;
};

void CheckIngestKind(const v1::Rule& rule, const RuleCheck& check);
void CheckDetectionKind(const v1::Rule& rule, const RuleCheck& check);

}  // namespace cistern
