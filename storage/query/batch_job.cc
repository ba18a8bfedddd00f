#include "storage/query/batch_job.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cistern::query {
namespace {

// Rows of the first slice: what a query with a small limit evaluates beyond its need. Later ones are larger:
// what is prepared for templates and dictionaries is prepared again for each slice.
constexpr std::size_t kFirstSlice = 4096;
// Rows that are longer than that keep to small slices: a slice must not take long.
constexpr std::uint64_t kLongRow = 512;  // encoded octets

// A selection holds 0 or 1 an octet: eight rows, or fewer at the end, as one integer.
constexpr std::size_t kEight = sizeof(std::uint64_t);
std::uint64_t Eight(const Selection& rows, std::size_t begin, std::size_t end) {
  std::uint64_t eight = 0;
  if (end - begin >= kEight) {
    std::memcpy(&eight, rows.data() + begin, kEight);
  } else {
    std::memcpy(&eight, rows.data() + begin, end - begin);
  }
  return eight;
}
void PutEight(Selection& rows, std::size_t begin, std::size_t end, std::uint64_t eight) {
  std::memcpy(rows.data() + begin, &eight, std::min(kEight, end - begin));
}

}  // namespace

BatchJob::BatchJob(std::unique_ptr<StoredBatch> batch, const MatchOptions& options, const BatchBounds& bounds)
    : batch_(std::move(batch)), options_(options), bounds_(bounds), slice_(kFirstSlice) {}

BatchJob::Finding BatchJob::Judge() {
  BlockIndex* index = batch_->index();
  if (!index) return Finding::kRows;
  const Filter& filter = options_.filter;
  switch (filter.JudgeValues(*index)) {
    case Verdict::kNone:
      ++cost_.pruned_by_value;
      return Finding::kNothing;
    case Verdict::kAll:
      everything_ = true;
      return Finding::kEverything;
    case Verdict::kSome:
      break;
  }
  if (filter.RuledOut(*index)) {
    ++cost_.pruned_by_word;
    return Finding::kNothing;
  }
  if (filter.judges_templates()) JudgeTemplates(*index);
  if (verdicts_.empty()) return Finding::kRows;
  if (cost_.rows_ruled_out == index->records()) {
    ++cost_.pruned_by_template;
    return Finding::kNothing;
  }
  everything_ = cost_.rows_taken == index->records();
  return everything_ ? Finding::kEverything : Finding::kRows;
}

void BatchJob::JudgeTemplates(BlockIndex& index) {
  options_.filter.Judge(index, verdicts_);
  const auto templates = index.Templates();
  for (std::size_t t = 0; t < verdicts_.size(); ++t) {
    if (verdicts_[t] == Verdict::kNone) cost_.rows_ruled_out += templates[t].rows;
    if (verdicts_[t] == Verdict::kAll) cost_.rows_taken += templates[t].rows;
  }
  if (cost_.rows_ruled_out + cost_.rows_taken == 0) verdicts_.clear();
}

std::uint64_t BatchJob::TakeSureRows() {
  sure_taken_ = !verdicts_.empty();
  return cost_.rows_taken;
}

bool BatchJob::settled() const {
  return sure_taken_ && cost_.rows_ruled_out + cost_.rows_taken == batch_->size();
}

bool BatchJob::Next(std::vector<std::uint32_t>& rows) {
  rows.clear();
  const std::size_t size = batch_->size();
  if (done_ >= size || settled() || batch_->damaged()) return false;
  if (!started_) Start();
  const bool newest_first = options_.order == ScanOrder::kNewestFirst;
  const std::size_t count = std::min(slice_, size - done_);
  const std::size_t begin = newest_first ? size - done_ - count : done_;
  done_ += count;
  if (batch_->encoded_bytes() / size < kLongRow) slice_ *= 4;
  Select(begin, begin + count);
  if (batch_->damaged()) return false;
  for (std::size_t row = begin; row < begin + count; row += kEight) {
    std::uint64_t eight = Eight(selection_, row, begin + count);
    for (; eight != 0; eight &= eight - 1)
      rows.push_back(static_cast<std::uint32_t>(row + static_cast<std::size_t>(std::countr_zero(eight)) / 8));
  }
  if (newest_first) std::reverse(rows.begin(), rows.end());
  return true;
}

bool BatchJob::Check() {
  if (!checked_) batch_->Check();
  checked_ = true;
  return !batch_->damaged();
}

void BatchJob::Start() {
  started_ = true;
  selection_.assign(batch_->size(), 1);
  TemplateColumn* templates = everything_ || verdicts_.empty() ? nullptr : batch_->Templates();
  if (templates && templates->template_of().size() == batch_->size()) SortByVerdict(*templates);
}

void BatchJob::SortByVerdict(TemplateColumn& templates) {
  constexpr std::uint8_t kIsSelected = 1, kIsSure = 2;
  std::vector<std::uint8_t> marks(std::size_t{1} << 16, kIsSelected);  // of every code; not judged: selected
  for (std::size_t t = 0; t < std::min(verdicts_.size(), marks.size()); ++t) {
    const bool sure = verdicts_[t] == Verdict::kAll && !sure_taken_;
    marks[t] = sure ? kIsSelected | kIsSure : verdicts_[t] == Verdict::kSome ? kIsSelected : 0;
  }
  const std::size_t size = selection_.size();
  sure_.resize(size);
  open_.resize(size);
  const std::uint16_t* const template_of = templates.template_of().data();
  const std::uint8_t* const mark_of = marks.data();
  std::uint8_t *const selected = selection_.data(), *const sure = sure_.data();
  for (std::size_t row = 0; row < size; ++row) {
    const std::uint8_t mark = mark_of[template_of[row]];
    selected[row] = mark & kIsSelected;
    sure[row] = mark / kIsSure;
  }
}

void BatchJob::Select(std::size_t begin, std::size_t end) {
  bounds_.Narrow(*batch_, selection_, begin, end);
  if (everything_) return;
  if (sure_.empty()) return Evaluate(begin, end);
  std::uint64_t open = 0;
  for (std::size_t row = begin; row < end; row += kEight) {
    const std::uint64_t eight = Eight(selection_, row, end) & ~Eight(sure_, row, end);
    PutEight(open_, row, end, eight);
    open += static_cast<std::uint64_t>(std::popcount(eight));
  }
  cost_.records_considered += open;
  if (open > 0) options_.filter.Narrow(*batch_, open_, begin, end, batch_->index());
  for (std::size_t row = begin; row < end; row += kEight) {
    const std::uint64_t found = Eight(sure_, row, end) | Eight(open_, row, end);
    PutEight(selection_, row, end, Eight(selection_, row, end) & found);
  }
}

void BatchJob::Evaluate(std::size_t begin, std::size_t end) {
  cost_.records_considered += end - begin;
  options_.filter.Narrow(*batch_, selection_, begin, end, batch_->index());
}

QueryCost BatchJob::cost() const {
  QueryCost cost = cost_;
  cost.bytes_read = batch_->fetched_bytes();
  cost.bytes_decoded = batch_->decoded_bytes();
  return cost;
}

}  // namespace cistern::query
