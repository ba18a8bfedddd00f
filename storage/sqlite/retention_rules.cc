#include "storage/sqlite/retention_rules.h"

#include <algorithm>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kRulesSeed = 10;

bool IsBeyond(std::int64_t age, seconds limit) {
  return limit.count() <= age / kNsPerSecond && age > limit.count() * kNsPerSecond;
}

bool Goes(seconds limit, seconds reached) { return limit.count() > 0 && limit <= reached; }

// Deselects what does not match. False: nothing does.
bool Match(const Filter& filter, StoredBatch& batch, Selection& selection) {
  BlockIndex* index = batch.index();
  const Verdict verdict = index ? filter.JudgeValues(*index) : Verdict::kSome;
  if (verdict == Verdict::kAll) return true;
  if (verdict == Verdict::kNone || (index && filter.RuledOut(*index))) return false;
  filter.Narrow(batch, selection, 0, batch.size(), index);
  return true;
}

}  // namespace

RetentionRules::RetentionRules(const Retention& retention)
    : rules_(retention.rules), max_age_(retention.max_age) {
  RowChecksum sum(kRulesSeed);
  sum.Add(max_age_.count());
  limits_.push_back(max_age_);
  for (const RetentionRule& rule : rules_) {
    limits_.push_back(rule.max_age);
    sum.Add(rule.filter->ToString()).Add(rule.max_age.count());
  }
  fingerprint_ = sum.value();
  std::sort(limits_.begin(), limits_.end());
  all_finite_ = limits_.front().count() > 0;
  std::erase_if(limits_, [](seconds limit) { return limit.count() <= 0; });
}

std::int64_t AgeOf(std::int64_t received, std::int64_t now) {
  std::int64_t age = 0;
  if (!__builtin_sub_overflow(now, received, &age)) return age;
  return received < now ? INT64_MAX : INT64_MIN;
}

bool RetentionRules::EndsBefore(std::int64_t age) const {
  return all_finite_ && IsBeyond(age, limits_.back());
}

seconds RetentionRules::Reached(std::int64_t age) const {
  seconds reached{0};
  for (const seconds limit : limits_)
    if (IsBeyond(age, limit)) reached = limit;
  return reached;
}

std::size_t RetentionRules::Sift(StoredBatch& batch, seconds reached, Selection& drop) const {
  drop.assign(batch.size(), 0);
  Selection open(batch.size(), 1), matched;
  const auto decide = [&](const Selection& rows, seconds limit) {
    const std::uint8_t goes = Goes(limit, reached) ? 1 : 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      drop[row] |= static_cast<std::uint8_t>(rows[row] & goes);
      open[row] &= static_cast<std::uint8_t>(1 ^ rows[row]);
    }
  };
  for (const RetentionRule& rule : rules_) {
    matched = open;
    if (Match(*rule.filter, batch, matched)) decide(matched, rule.max_age);
  }
  matched = open;
  decide(matched, max_age_);
  return static_cast<std::size_t>(std::count(drop.begin(), drop.end(), 1));
}

}  // namespace cistern
