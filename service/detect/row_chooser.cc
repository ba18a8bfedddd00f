#include "service/detect/row_chooser.h"

#include <algorithm>
#include <iterator>

#include "ingest/message/tags.h"

namespace cistern::detect {
namespace {

constexpr auto kInternal = static_cast<std::int64_t>(Transport::kInternal);

// The record of an event that was raised, not one that it is over or is told again by hand.
bool IsNewEvent(std::string_view tags) {
  TagsReader reader(tags);
  while (const auto tag = reader.Next()) {
    if (tag->name == "event.redelivered" || (tag->name == "event.state" && tag->value != "open"))
      return false;
  }
  return true;
}

FilterSet FiltersOf(std::span<const std::shared_ptr<const Plan>> plans) {
  std::vector<Filter> filters;
  for (const auto& plan : plans) filters.push_back(plan->filter);
  for (const auto& plan : plans)
    if (plan->reset) filters.push_back(*plan->reset);
  return FilterSet(std::move(filters));
}

}  // namespace

RowChooser::RowChooser(std::span<const std::shared_ptr<const Plan>> plans) : filters_(FiltersOf(plans)) {}

void RowChooser::Choose(const Rules& rules, BatchView& view, BlockIndex* index, const Selection* among) {
  filters_.Match(view, among, index, rows_);
  Merge(rules);
  LeaveOutOld(rules, view);
  rows_.resize(rules.size());
  if (!none()) LeaveOutEvents(rules, view, index);
}

bool RowChooser::none() const {
  return std::all_of(rows_.begin(), rows_.end(), [](const auto& rows) { return rows.empty(); });
}

std::size_t RowChooser::EndOf(std::size_t begin, std::size_t end, std::size_t most) const {
  for (;; end = begin + (end - begin) / 2) {
    std::size_t count = 0;
    for (const auto& rows : rows_)
      count += static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), end) -
                                        std::lower_bound(rows.begin(), rows.end(), begin));
    if (count <= most || end - begin <= 1) return end;
  }
}

// Makes one list of what a rule sees.
void RowChooser::Merge(const Rules& rules) {
  std::size_t more = rules.size();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i]->plan().reset) continue;
    std::vector<std::uint32_t> both;
    std::set_union(rows_[i].begin(), rows_[i].end(), rows_[more].begin(), rows_[more].end(),
                   std::back_inserter(both));
    rows_[i] = std::move(both);
    ++more;
  }
}

void RowChooser::LeaveOutOld(const Rules& rules, BatchView& view) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i]->behind() == 0 || rows_[i].empty()) continue;
    const auto ids = view.Ints(Column::kId);
    std::erase_if(rows_[i], [&](std::uint32_t row) {
      return static_cast<std::uint64_t>(ids[row]) <= rules[i]->behind();
    });
  }
}

void RowChooser::LeaveOutEvents(const Rules& rules, BatchView& view, BlockIndex* index) {
  if (index) {
    const auto values = index->IntValues(Column::kTransport);
    const bool none = std::none_of(values.begin(), values.end(),
                                   [](const CountedInt& value) { return value.value == kInternal; });
    if (none && !values.empty()) return;
  }
  const auto transports = view.Ints(Column::kTransport);
  if (std::find(transports.begin(), transports.end(), kInternal) == transports.end()) return;
  const StringColumn tags = view.Strings(Column::kTags);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const bool of_events = rules[i]->plan().of_events;
    std::erase_if(rows_[i], [&](std::uint32_t row) {
      return transports[row] == kInternal &&
             (of_events ? !IsNewEvent(tags[row]) : HasTag(tags[row], "event"));
    });
  }
}

bool IsInternal(BatchView& view, std::size_t row) { return view.Ints(Column::kTransport)[row] == kInternal; }

}  // namespace cistern::detect
