#include "service/rules/rule_history.h"

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <charconv>

#include "cistern/v1/stored.pb.h"

namespace cistern {

std::string ChangeName(std::uint64_t change) { return fmt::format("{:020}", change); }

std::optional<std::uint64_t> ParseChangeName(const std::string& name) {
  std::uint64_t change = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), change);
  if (error != std::errc() || end != name.data() + name.size() || name.empty()) return std::nullopt;
  return change;
}

bool SameRule(const v1::Rule& a, const v1::Rule& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

RuleHistoryEntry ToHistoryEntry(std::uint64_t change, const v1::StoredRuleChange& stored) {
  using Action = AppliedRule::Action;
  RuleHistoryEntry entry{change, stored.time(), stored.who(), stored.comment(), {}};
  for (const v1::StoredChangedRule& rule : stored.rules()) {
    AppliedRule applied;
    applied.name = rule.name();
    applied.action = !rule.has_before()  ? Action::kCreated
                     : !rule.has_after() ? Action::kDeleted
                                         : Action::kChanged;
    if (rule.has_before()) applied.before = std::make_shared<const v1::Rule>(rule.before());
    if (rule.has_after()) applied.after = std::make_shared<const v1::Rule>(rule.after());
    applied.revision = rule.revision();
    entry.rules.push_back(std::move(applied));
  }
  return entry;
}

ChangeError NoSuchRule(const std::string& name) {
  return {ChangeError::Kind::kNotFound, "there is no rule \"" + name + "\"", {}};
}

ChangeError InvalidRule(std::string text) { return {ChangeError::Kind::kInvalid, std::move(text), {}}; }

ChangeError RuleStoreTrouble(const boost::system::error_code& error) {
  return {ChangeError::Kind::kStore, error.message(), error};
}

std::string RuleErrors(const std::string& name, const YamlErrors& errors) {
  std::string text;
  for (const YamlError& error : errors.items) {
    text += fmt::format("{}rule \"{}\": {}{}{}", text.empty() ? "" : "; ", name, error.key,
                        error.key.empty() ? "" : ": ", error.message);
    if (!error.suggestion.empty()) text += fmt::format("; did you mean {}?", error.suggestion);
  }
  return text;
}

}  // namespace cistern
