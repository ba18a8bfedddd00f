// The definition of a rule: what can be known to be wrong with it before it sees a record.
//
// Pure functions, any thread. Errors name the key path, such as `rules[2].threshold.by[0]`, and the place in
// the file where there is one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/yaml/yaml_error.h"

namespace cistern {

namespace v1 {
class EventConfig;
class Rule;
}  // namespace v1

inline constexpr std::size_t kMostRules = 2000;      // in all
inline constexpr std::size_t kMostPatterns = 1000;   // of redact, extract and events, in all rules
inline constexpr std::size_t kMostDetections = 256;  // of them; each has state

// Fills the defaults, makes an age in `expires` a time counted from `now` (ns since the Unix epoch), and
// checks the rule alone. For definitions that did not come from a configuration file.
YamlErrors PrepareRule(v1::Rule& rule, std::int64_t now);

// What the schema cannot say about one rule: filters, fields, patterns, templates, what goes together. Needs
// filled defaults. `key` is the path of the rule; empty: it is the root.
void CheckRule(const v1::Rule& rule, const std::string& key, const Origins& origins, YamlErrors& errors);

// What can be wrong with rules together: names that are given twice, too many, detections of events that feed
// each other in a circle. `keys`: the path of each rule; where it is empty, the error names the rule.
void CheckRuleSet(std::span<const v1::Rule* const> rules, std::span<const std::string> keys,
                  const Origins& origins, YamlErrors& errors);

// An age in `expires` becomes a time; anything else stays.
void FixExpiry(v1::Rule& rule, std::int64_t now);
// When the rule is over, ns since the Unix epoch; nothing: never. Of a rule whose age was made a time.
std::optional<std::int64_t> ExpiryOf(const v1::Rule& rule);
// Enabled, and not over.
bool IsInForce(const v1::Rule& rule, std::int64_t now);

// Works before the commit (drop ... extract); every other rule is a detection.
bool IsIngestRule(const v1::Rule& rule);
// What a detection raises; null: it is an ingest rule.
const v1::EventConfig* EventOf(const v1::Rule& rule);
// `drop`, `threshold` ...; empty: none was given.
std::string_view KindOf(const v1::Rule& rule);
// The fields that make the key; empty where the kind has none.
std::vector<std::string> KeyFieldsOf(const v1::Rule& rule);

// Whether `name` is one of `patterns`, in which `*` stands for any text: `of_rules`, `inhibited_by`.
bool MatchesRuleName(std::span<const std::string> patterns, std::string_view name);

}  // namespace cistern
