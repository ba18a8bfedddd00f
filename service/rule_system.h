// Rules at work: the rule book, and those who are told of its rules.
//
// Start order: Open() with the store, Start() once the pipeline runs, Stop() before the pipeline stops taking
// records. Tick() about once a second. Threads: any, but for those four.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "service/rules/rule_book.h"
#include "service/rules/rule_figures.h"

namespace cistern {

class RuleSystem {
 public:
  RuleSystem(Store& store, RuleBook::Clock clock);

  // Takes what the store has, and makes the rules of the configuration what it says.
  RuleBook::Outcome<void> Open(std::span<const v1::Rule> configured);
  void Tick();

  RuleBook& book() { return book_; }
  // Keys what redaction makes of values; of this store.
  const std::string& secret() const { return secret_; }
  std::map<std::string, RuleFigures> Figures() const;

 private:
  RuleBook::Outcome<void> LoadSecret();

  Store& store_;
  RuleBook book_;
  std::string secret_;
};

}  // namespace cistern
