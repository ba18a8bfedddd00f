// The filter language (one for queries, tails, rules, targets, retention and roles): see README.md beside
// this file for the grammar.
//
// A Filter is immutable once parsed and may be shared by threads; evaluation state lives in the call.
// No input makes it run code or backtrack (RE2); nesting is limited to 64, length to 4096 octets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/batch_view.h"
#include "storage/block_index.h"

namespace cistern {

// Why a filter does not parse.
struct FilterError {
  std::size_t offset = 0;  // octets from the start of the text
  std::string found;       // what stands there: `")"`, `"sevrity"` or `end of filter`
  std::string expected;    // what could stand there; may end with a suggestion
  // at byte 12: found ")", expected a word, a phrase or a field
  std::string ToString() const;
};

// One bit a row.
using Selection = std::vector<std::uint8_t>;  // 0 or 1 per row

// Bounds that follow from the filter, for pruning. A row outside them cannot match.
struct FilterBounds {
  std::int64_t received_min = INT64_MIN, received_max = INT64_MAX;  // inclusive, ns
  std::uint64_t id_min = 0, id_max = UINT64_MAX;                    // inclusive
};

namespace filter {
struct Node;
}

class Filter {
 public:
  static constexpr std::size_t kMaxLength = 4096;

  // Matches everything.
  Filter();
  // Empty or blank text matches everything.
  static Result<Filter, FilterError> Parse(std::string_view text);

  bool matches_all() const;
  // Sets selection[i] to whether row i matches; resizes it to view.size().
  void Evaluate(BatchView& view, Selection& selection) const;
  // As Evaluate, for rows [begin, end): deselects those that do not match and looks only at selected ones.
  // `selection` has view.size() entries. `index`, when there is one, is that of the view.
  void Narrow(BatchView& view, Selection& selection, std::size_t begin, std::size_t end,
              BlockIndex* index = nullptr) const;
  // On all rows of a block, by the ranges and values its index lists: the cheapest question.
  Verdict JudgeValues(BlockIndex& index) const;
  // Whether a block can hold no match, by the cheap parts of its index: values and words, no templates.
  bool RuledOut(BlockIndex& index) const;
  // Whether Judge() can tell more than RuledOut() and JudgeValues().
  bool judges_templates() const;
  // One verdict for each of index.Templates(), on the rows of that template.
  void Judge(BlockIndex& index, std::vector<Verdict>& verdicts) const;
  // One record; slower per record than Evaluate.
  bool Matches(const Record& record) const;
  const FilterBounds& bounds() const;
  // What it reads, a bit 1 << Column each: payload fields are in the message, those of Cisco in kRaw.
  std::uint32_t columns() const;
  // The syntax tree (storage/filter/ast.h).
  const filter::Node& tree() const;
  // The filter written back in canonical form; parses to an equal filter.
  std::string ToString() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

// Field names as users write them. kPayload* carry the part after the dot in `key`, sd has two parts.
struct FieldRef {
  enum class Kind : std::uint8_t { kColumn, kTag, kStructuredData, kJson, kCef, kLeef, kCisco };
  Kind kind = Kind::kColumn;
  Column column = Column::kMessage;
  std::string sd_id;  // kStructuredData: element id
  std::string key;    // tag, SD parameter or payload key
};
// `host`, `app`, `msg` and other synonyms included. FilterError.offset counts from the start of `name`.
Result<FieldRef, FilterError> ParseField(std::string_view name);

}  // namespace cistern
