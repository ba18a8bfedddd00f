// Which records each rule of a pass matches, as the rules before it left them.
//
// All rules are matched at once at the start. Records that a rule changed are matched again for the later
// rules that depend on what was changed, together where these are many: the work goes with what was changed,
// not with how many rules there are.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ingest/message/record.h"
#include "storage/filter/filter_set.h"

namespace cistern {

class RuleMatches {
 public:
  // `fields[i]`: FieldGroup bits that filter i depends on.
  RuleMatches(FilterSet filters, std::vector<std::uint8_t> fields);

  // Begins a pass; the records stay where they are until it ends.
  void Start(std::span<Record* const> records);
  // The rows that rule i matches, ascending; valid until the next call. Asked for in order of the rules.
  std::span<const std::uint32_t> RowsOf(std::size_t rule);
  // Rule i changed these rows, ascending, in these FieldGroup bits.
  void Changed(std::size_t rule, std::span<const std::uint32_t> rows, std::uint8_t groups);

 private:
  static constexpr std::size_t kGroups = 3;
  // A row that was matched again. It holds as long as nothing the rule depends on was changed later.
  struct Hit {
    std::uint32_t row, change;
  };

  bool Holds(std::size_t rule, std::uint32_t row, std::uint32_t change) const;
  void MatchAgain(std::size_t rule, std::span<const std::uint32_t> rows, std::uint8_t groups);

  const FilterSet filters_;
  const std::vector<std::uint8_t> fields_;
  // Of the current pass.
  std::span<Record* const> records_;
  std::vector<std::vector<std::uint32_t>> first_;            // by rule: rows as of the start
  std::vector<std::vector<Hit>> later_;                      // by rule
  std::array<std::vector<std::uint32_t>, kGroups> changed_;  // by row: number of its last change; empty: none
  std::uint32_t change_ = 0;                                 // numbers changes
  std::vector<std::uint32_t> rows_;
  std::vector<std::vector<std::uint32_t>> again_;
};

}  // namespace cistern
