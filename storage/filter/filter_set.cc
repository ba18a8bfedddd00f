#include "storage/filter/filter_set.h"

#include <utility>

namespace cistern {

struct FilterSet::Impl {
  std::vector<Filter> filters;
};

FilterSet::FilterSet(std::vector<Filter> filters)
    : impl_(std::make_shared<const Impl>(Impl{std::move(filters)})) {}

std::size_t FilterSet::size() const { return impl_->filters.size(); }

const Filter& FilterSet::filter(std::size_t i) const { return impl_->filters[i]; }

void FilterSet::Match(BatchView& view, const Selection* among, BlockIndex* index,
                      std::vector<std::vector<std::uint32_t>>& rows) const {
  rows.resize(size());
  Selection selected;
  for (std::size_t i = 0; i < size(); ++i) {
    rows[i].clear();
    if (index && filter(i).RuledOut(*index)) continue;
    among ? void(selected = *among) : selected.assign(view.size(), 1);
    filter(i).Narrow(view, selected, 0, view.size(), index);
    for (std::size_t row = 0; row < selected.size(); ++row) {
      if (selected[row]) rows[i].push_back(static_cast<std::uint32_t>(row));
    }
  }
}

}  // namespace cistern
