#include "service/rules/rule_matches.h"

#include <algorithm>

namespace cistern {
namespace {

// For so few rules their filters are asked one by one.
constexpr std::size_t kFewRules = 8;

}  // namespace

RuleMatches::RuleMatches(FilterSet filters, std::vector<std::uint8_t> fields)
    : filters_(std::move(filters)), fields_(std::move(fields)), later_(filters_.size()) {}

void RuleMatches::Start(std::span<Record* const> records) {
  records_ = records;
  if (change_ > 0) {
    for (auto& hits : later_) hits.clear();
    for (auto& rows : changed_) rows.clear();
    change_ = 0;
  }
  RecordsView view(records);
  filters_.Match(view, nullptr, nullptr, first_);
}

bool RuleMatches::Holds(std::size_t rule, std::uint32_t row, std::uint32_t change) const {
  for (std::size_t group = 0; group < kGroups; ++group) {
    if ((fields_[rule] >> group & 1) != 0 && !changed_[group].empty() && changed_[group][row] > change)
      return false;
  }
  return true;
}

std::span<const std::uint32_t> RuleMatches::RowsOf(std::size_t rule) {
  if (change_ == 0) return first_[rule];
  rows_.clear();
  for (const std::uint32_t row : first_[rule]) {
    if (Holds(rule, row, 0)) rows_.push_back(row);
  }
  const std::size_t of_start = rows_.size();
  for (const Hit& hit : later_[rule]) {
    if (Holds(rule, hit.row, hit.change)) rows_.push_back(hit.row);
  }
  if (rows_.size() > of_start) std::sort(rows_.begin(), rows_.end());
  return rows_;
}

void RuleMatches::Changed(std::size_t rule, std::span<const std::uint32_t> rows, std::uint8_t groups) {
  if (rows.empty() || groups == 0) return;
  ++change_;
  for (std::size_t group = 0; group < kGroups; ++group) {
    if ((groups >> group & 1) == 0) continue;
    changed_[group].resize(records_.size(), 0);
    for (const std::uint32_t row : rows) changed_[group][row] = change_;
  }
  MatchAgain(rule, rows, groups);
}

void RuleMatches::MatchAgain(std::size_t rule, std::span<const std::uint32_t> rows, std::uint8_t groups) {
  const auto depends = [&](std::size_t later) { return (fields_[later] & groups) != 0; };
  std::size_t dependent = 0;
  for (std::size_t later = rule + 1; later < fields_.size(); ++later) dependent += depends(later);
  if (dependent == 0) return;
  std::vector<Record*> records;
  for (const std::uint32_t row : rows) records.push_back(records_[row]);
  RecordsView view{std::span<Record* const>(records)};
  if (dependent > kFewRules) filters_.Match(view, nullptr, nullptr, again_);
  Selection selected;
  for (std::size_t later = rule + 1; later < fields_.size(); ++later) {
    if (!depends(later)) continue;
    if (dependent > kFewRules) {
      for (const std::uint32_t i : again_[later]) later_[later].push_back({rows[i], change_});
      continue;
    }
    filters_.filter(later).Evaluate(view, selected);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (selected[i]) later_[later].push_back({rows[i], change_});
    }
  }
}

}  // namespace cistern
