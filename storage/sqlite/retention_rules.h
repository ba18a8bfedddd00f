// How old records may become, as the rules of retention say.
//
// Immutable; threads may share it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "storage/filter/filter.h"
#include "storage/store.h"

namespace cistern {

class RetentionRules {
 public:
  RetentionRules() = default;
  explicit RetentionRules(const Retention& retention);

  bool any() const { return !rules_.empty(); }
  // Whether every record has an age limit.
  bool all_finite() const { return all_finite_; }
  // Whether no record may become so old; ages in ns.
  bool EndsBefore(std::int64_t age) const;
  // The largest age limit that is behind; 0: none.
  std::chrono::seconds Reached(std::int64_t age) const;
  // Tells these rules from others.
  std::int64_t fingerprint() const { return fingerprint_; }
  // Marks the rows whose own limit is at most `reached`, and returns how many these are. If batch.damaged()
  // then, it means nothing.
  std::size_t Sift(StoredBatch& batch, std::chrono::seconds reached, Selection& drop) const;

 private:
  std::vector<RetentionRule> rules_;
  std::chrono::seconds max_age_{0};           // of what no rule matches; 0: for ever
  std::vector<std::chrono::seconds> limits_;  // all finite ones, ascending
  bool all_finite_ = false;
  std::int64_t fingerprint_ = 0;
};

// ns
std::int64_t AgeOf(std::int64_t received, std::int64_t now);

}  // namespace cistern
