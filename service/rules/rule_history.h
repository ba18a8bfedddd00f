// Rules and their changes as the store keeps them.
#pragma once

#include <optional>
#include <string>

#include "proto/yaml/yaml_error.h"
#include "service/rules/rule_book.h"

namespace cistern {

namespace v1 {
class StoredRuleChange;
}

inline constexpr char kRuleKind[] = "rule";
inline constexpr char kRuleChangeKind[] = "rule_change";
inline constexpr char kRulePendingKind[] = "rule_pending";
inline constexpr char kRulePendingName[] = "pending";

// The name of a change: twenty digits, so that names are in order.
std::string ChangeName(std::uint64_t change);
std::optional<std::uint64_t> ParseChangeName(const std::string& name);

// Whether both mean the same.
bool SameRule(const v1::Rule& a, const v1::Rule& b);

RuleHistoryEntry ToHistoryEntry(std::uint64_t change, const v1::StoredRuleChange& stored);

ChangeError NoSuchRule(const std::string& name);
ChangeError InvalidRule(std::string text);
ChangeError RuleStoreTrouble(const boost::system::error_code& error);
// `rule "x": threshold.by[0]: ...; ...`
std::string RuleErrors(const std::string& name, const YamlErrors& errors);

}  // namespace cistern
