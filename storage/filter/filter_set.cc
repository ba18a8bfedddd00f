#include "storage/filter/filter_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/filter/candidates.h"
#include "storage/filter/filter_needs.h"

namespace cistern {
namespace {

using filter::Candidates;
using filter::Needs;

std::vector<std::optional<Needs>> AllNeeds(const std::vector<Filter>& filters) {
  filter::SharedNeeds shared;
  for (const Filter& each : filters) shared.Count(each.tree());
  std::vector<std::optional<Needs>> all;
  for (const Filter& each : filters) all.push_back(filter::NeedsOf(each.tree(), shared));
  return all;
}

std::vector<const Needs*> Pointers(const std::vector<std::optional<Needs>>& needs) {
  std::vector<const Needs*> pointers;
  for (const auto& each : needs) pointers.push_back(each ? &*each : nullptr);
  return pointers;
}

void Collect(const Selection& selected, std::vector<std::uint32_t>& rows) {
  rows.clear();
  for (std::uint32_t row = 0; row < selected.size(); ++row) {
    if (selected[row]) rows.push_back(row);
  }
}

}  // namespace

struct FilterSet::Impl {
  explicit Impl(std::vector<Filter> all)
      : filters(std::move(all)), needs(AllNeeds(filters)), candidates(Pointers(needs)) {}

  // One filter, all rows.
  void MatchAlone(std::size_t i, BatchView& view, const Selection* among, BlockIndex* index,
                  Selection& selected, std::vector<std::uint32_t>& rows) const {
    rows.clear();
    if (index && (filters[i].JudgeValues(*index) == Verdict::kNone || filters[i].RuledOut(*index))) return;
    if (index && NoTemplate(filters[i], *index)) return;
    among ? void(selected = *among) : selected.assign(view.size(), 1);
    filters[i].Narrow(view, selected, 0, view.size(), index);
    Collect(selected, rows);
  }

  static bool NoTemplate(const Filter& filter, BlockIndex& index) {
    if (!filter.judges_templates()) return false;
    std::vector<Verdict> verdicts;
    filter.Judge(index, verdicts);
    return !verdicts.empty() && std::all_of(verdicts.begin(), verdicts.end(),
                                            [](Verdict verdict) { return verdict == Verdict::kNone; });
  }

  // `selected` is all zero, before and after.
  void Verify(std::size_t i, BatchView& view, Selection& selected, std::vector<std::uint32_t>& rows) const {
    for (const std::uint32_t row : rows) selected[row] = 1;
    const std::uint32_t begin = rows.front(), end = rows.back() + 1;
    filters[i].Narrow(view, selected, begin, end);
    std::erase_if(rows, [&](std::uint32_t row) { return std::exchange(selected[row], 0) == 0; });
  }

  const std::vector<Filter> filters;
  const std::vector<std::optional<Needs>> needs;  // by filter
  const Candidates candidates;
};

FilterSet::FilterSet(std::vector<Filter> filters) : impl_(std::make_shared<const Impl>(std::move(filters))) {}

std::size_t FilterSet::size() const { return impl_->filters.size(); }

const Filter& FilterSet::filter(std::size_t i) const { return impl_->filters[i]; }

void FilterSet::Match(BatchView& view, const Selection* among, BlockIndex* index,
                      std::vector<std::vector<std::uint32_t>>& rows) const {
  rows.resize(size());
  for (auto& list : rows) list.clear();
  if (view.size() == 0) return;
  // What an index decides is decided without the texts, so it is asked first.
  const bool together = index == nullptr && impl_->candidates.Find(view, among, rows);
  Selection selected, alone;
  if (together) selected.assign(view.size(), 0);
  for (std::size_t i = 0; i < size(); ++i) {
    if (!together || !impl_->needs[i]) {
      impl_->MatchAlone(i, view, among, index, alone, rows[i]);
    } else if (!impl_->needs[i]->exact && !rows[i].empty()) {
      impl_->Verify(i, view, selected, rows[i]);
    }
  }
}

}  // namespace cistern
