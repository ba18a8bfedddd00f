// One batch that a query looks into: first its index, then its rows, slice by slice.
//
// Threads: one at a time.
#pragma once

#include <memory>
#include <vector>

#include "storage/query/batch_bounds.h"

namespace cistern::query {

class BatchJob {
 public:
  // The references must outlive the job.
  BatchJob(std::unique_ptr<StoredBatch> batch, const MatchOptions& options, const BatchBounds& bounds);

  // What the index says: no row matches, every row of the batch does, or rows have to be looked at.
  enum class Finding : std::uint8_t { kNothing, kEverything, kRows };
  Finding Judge();
  // Behind kRows, for a batch that the bounds cover: how many rows match for certain. They are not given out
  // as rows any more.
  std::uint64_t TakeSureRows();
  // Nothing but such rows matches.
  bool settled() const;

  // Puts the matching rows of the next slice, in scan order, into `rows`; false when there are no more, or
  // the batch is damaged: what a damaged column said is not to be believed.
  bool Next(std::vector<std::uint32_t>& rows);
  // Every slice was given.
  bool done() const { return done_ == batch_->size(); }
  // Checks the whole batch before rows are given away; false: it is damaged.
  bool Check();

  StoredBatch& batch() { return *batch_; }
  // So far, without time.
  QueryCost cost() const;

 private:
  void JudgeTemplates(BlockIndex& index);
  void Start();
  void SortByVerdict(TemplateColumn& templates);
  void Select(std::size_t begin, std::size_t end);
  void Evaluate(std::size_t begin, std::size_t end);

  const std::unique_ptr<StoredBatch> batch_;
  const MatchOptions& options_;
  const BatchBounds& bounds_;
  QueryCost cost_;
  std::vector<Verdict> verdicts_;  // by template; empty: all rows have to be looked at
  bool everything_ = false, sure_taken_ = false, started_ = false, checked_ = false;
  std::size_t done_ = 0, slice_;
  Selection selection_;
  Selection sure_;  // rows that match for certain; empty: none
  Selection open_;  // rows that have to be looked at, where sure_ is used
};

}  // namespace cistern::query
