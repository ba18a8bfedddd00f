// What can be wrong with rules together.
#include <algorithm>
#include <map>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/scalar.h"
#include "service/rules/definition.h"
#include "service/rules/name_pattern.h"

namespace cistern {
namespace {

std::vector<std::string> ListOf(const google::protobuf::RepeatedPtrField<std::string>& names) {
  return {names.begin(), names.end()};
}

std::size_t PatternsOf(const v1::Rule& rule) {
  if (rule.has_redact()) return static_cast<std::size_t>(rule.redact().patterns_size());
  if (rule.has_extract()) return rule.extract().pattern().empty() ? 0 : 1;
  const v1::EventConfig* event = EventOf(rule);
  return event == nullptr ? 0 : static_cast<std::size_t>(event->extract_size());
}

class SetCheck {
 public:
  SetCheck(std::span<const v1::Rule* const> rules, std::span<const std::string> keys, const Origins& origins,
           YamlErrors& errors)
      : rules_(rules), keys_(keys), origins_(origins), errors_(errors) {}

  void Run() {
    CheckNames();
    CheckNumbers();
    CheckPatterns();
    FindFeeders();
    std::vector<std::size_t> path;
    states_.assign(rules_.size(), State::kNew);
    for (std::size_t i = 0; i < rules_.size(); ++i) Visit(i, path);
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };

  void Fail(std::size_t rule, const std::string& path, const std::string& message) {
    const std::string key = JoinKey(keys_[rule], path);
    const std::string who = keys_[rule].empty() ? "rule " + Quoted(rules_[rule]->name()) + ": " : "";
    errors_.Add(NearestOrigin(origins_, key), key, who + message);
  }

  void CheckNames() {
    std::map<std::string, std::size_t> names;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const auto [first, is_new] = names.emplace(rules_[i]->name(), i);
      if (is_new) continue;
      const std::string& where = keys_[first->second];
      Fail(i, "name",
           Quoted(rules_[i]->name()) + " is the name of another rule already" +
               (where.empty() ? "" : " (" + where + ")"));
    }
  }

  void CheckNumbers() {
    std::size_t detections = 0;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      detections += IsIngestRule(*rules_[i]) ? 0 : 1;
      if (i == kMostRules) Fail(i, "", "there can be 2000 rules at most");
      if (detections != kMostDetections + 1 || IsIngestRule(*rules_[i])) continue;
      Fail(i, "", "there can be 256 detections at most");
    }
  }

  // Each may take kMostPatternMemory.
  void CheckPatterns() {
    std::size_t patterns = 0;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::size_t before = patterns;
      patterns += PatternsOf(*rules_[i]);
      if (before > kMostPatterns || patterns <= kMostPatterns) continue;
      Fail(i, "", "there can be " + std::to_string(kMostPatterns) + " patterns at most in all rules");
    }
  }

  // Which rules read the events of which.
  void FindFeeders() {
    feeders_.resize(rules_.size());
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const v1::EventConfig* event = EventOf(*rules_[i]);
      if (event == nullptr || event->of() != "events") continue;
      const std::vector<std::string> patterns = ListOf(event->of_rules());
      for (std::size_t j = 0; j < rules_.size(); ++j) {
        if (EventOf(*rules_[j]) != nullptr && MatchesRuleName(patterns, rules_[j]->name()))
          feeders_[i].push_back(j);
      }
    }
  }

  void Visit(std::size_t rule, std::vector<std::size_t>& path) {
    if (states_[rule] == State::kDone) return;
    path.push_back(rule);
    if (states_[rule] == State::kOpen) {
      TellCircle(path);
    } else {
      states_[rule] = State::kOpen;
      for (const std::size_t feeder : feeders_[rule]) Visit(feeder, path);
      states_[rule] = State::kDone;
    }
    path.pop_back();
  }

  // The path ends where the circle begins.
  void TellCircle(const std::vector<std::size_t>& path) {
    const auto begin = std::find(path.begin(), path.end(), path.back());
    std::string text = "makes a circle: ";
    for (auto it = begin; it != path.end(); ++it)
      text += (it == begin ? "" : " reads the events of ") + rules_[*it]->name();
    Fail(path.back(), std::string(KindOf(*rules_[path.back()])) + ".event.of_rules", text);
  }

  const std::span<const v1::Rule* const> rules_;
  const std::span<const std::string> keys_;
  const Origins& origins_;
  YamlErrors& errors_;
  std::vector<std::vector<std::size_t>> feeders_;
  std::vector<State> states_;
};

}  // namespace

bool MatchesRuleName(std::span<const std::string> patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return MatchesName(pattern, name); });
}

void CheckRuleSet(std::span<const v1::Rule* const> rules, std::span<const std::string> keys,
                  const Origins& origins, YamlErrors& errors) {
  SetCheck(rules, keys, origins, errors).Run();
}

}  // namespace cistern
