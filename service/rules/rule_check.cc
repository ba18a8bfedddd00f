#include "service/rules/rule_check.h"

#include <re2/re2.h>

#include <algorithm>

#include "proto/yaml/scalar.h"
#include "service/events/event_record.h"
#include "service/rules/pattern.h"
#include "service/rules/rule_text.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

constexpr int kMostFields = 16;

bool Contains(std::span<const std::string> names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What can stand between `{{` and `}}`, and is a column's name in a CSV file as well.
bool IsValueName(std::string_view name) {
  constexpr std::string_view kAllowed = "_-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

void RuleCheck::Filter(const std::string& text, const std::string& path) const {
  if (text.empty()) return Fail(path, "must not be empty");
  OptionalFilter(text, path);
}

void RuleCheck::OptionalFilter(const std::string& text, const std::string& path) const {
  if (const auto filter = cistern::Filter::Parse(text); !filter) Fail(path, filter.error().ToString());
}

void RuleCheck::Field(const std::string& name, const std::string& path,
                      std::span<const std::string> extras) const {
  if (Contains(extras, name)) return;
  if (const auto field = ParseField(name); !field)
    Fail(path, Quoted(name) + " is not a field: expected " + field.error().expected);
}

void RuleCheck::Fields(const Texts& names, const std::string& path,
                       std::span<const std::string> extras) const {
  if (names.size() > kMostFields) return Fail(path, "has more than 16 entries");
  std::vector<std::string> seen;
  for (int i = 0; i < names.size(); ++i) {
    Field(names[i], JoinIndex(path, i), extras);
    if (Contains(seen, names[i])) Fail(JoinIndex(path, i), Quoted(names[i]) + " is given twice");
    seen.push_back(names[i]);
  }
}

void RuleCheck::Template(const std::string& text, const std::string& path,
                         std::span<const std::string> extras) const {
  if (const auto parsed = RuleText::Parse(text, extras); !parsed) Fail(path, parsed.error());
}

std::shared_ptr<const re2::RE2> RuleCheck::Pattern(const std::string& text, const std::string& path) const {
  if (text.empty()) return Fail(path, "must not be empty"), nullptr;
  auto pattern = CompilePattern(text);
  if (!pattern) return Fail(path, pattern.error()), nullptr;
  return std::move(*pattern);
}

std::vector<std::string> RuleCheck::NamedPattern(const std::string& text, const std::string& path) const {
  const auto pattern = Pattern(text, path);
  if (!pattern) return {};
  auto names = GroupNames(*pattern);
  if (names.empty()) Fail(path, "has no named group such as (?P<addr>\\S+)");
  return names;
}

void RuleCheck::NewNames(const Pairs& pairs, const std::string& path, std::vector<std::string>& taken) const {
  for (const auto& [name, value] : pairs) {
    const std::string key = JoinKey(path, Printable(name));
    if (!IsValueName(name))
      Fail(key, Quoted(name) + " is not a name for a value: 1 to 64 letters, digits, ., _ and -");
    if (Contains(taken, name)) Fail(key, Quoted(name) + " is the name of another value of this rule already");
    taken.push_back(name);
  }
}

void RuleCheck::EventFieldNames(const Pairs& fields, const std::string& path) const {
  static const std::vector<std::string> kOwn(kReservedEventFields.begin(), kReservedEventFields.end());
  std::vector<std::string> none;
  NewNames(fields, path, none);
  for (const auto& [name, value] : fields) {
    if (Contains(kOwn, name))
      Fail(JoinKey(path, name), "every event has a " + name + " of its own, which targets see as tag.event." +
                                    name + "; choose a name other than " + JoinNames(kOwn));
  }
}

void RuleCheck::RuleNames(const Texts& names, const std::string& path) const {
  for (int i = 0; i < names.size(); ++i) RuleName(names[i], JoinIndex(path, i));
}

void RuleCheck::RuleName(const std::string& name, const std::string& path) const {
  constexpr std::string_view kAllowed = "*_-0123456789abcdefghijklmnopqrstuvwxyz";
  if (name.empty() || name.size() > 63 || name.find_first_not_of(kAllowed) != std::string::npos)
    Fail(path, Quoted(name) + " is not the name of a rule, in which * may stand for any text");
}

}  // namespace cistern
