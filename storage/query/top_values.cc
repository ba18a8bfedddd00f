#include "storage/query/top_values.h"

#include <algorithm>

#include "storage/query/field_values.h"

namespace cistern::query {

void TopValues::Add(BatchView& view, const std::vector<std::uint32_t>& rows) {
  if (AddCodes(view, rows)) return;
  std::uint64_t with_value = 0;
  std::uint32_t last = UINT32_MAX;  // the row that came last: a row with several values counts once here
  FieldValues(view, field_, rows, [&](std::uint32_t row, std::string_view value) {
    with_value += row != last;
    last = row;
    Count(value, 1);
  });
  without_value_ += rows.size() - with_value;
}

bool TopValues::AddAll(BlockIndex& index) {
  if (field_.kind != FieldRef::Kind::kColumn) return false;
  if (field_.column <= Column::kFlags) return AddListed(index.IntValues(field_.column));
  const auto values = index.StringValues(field_.column);
  return values && AddListed(*values);
}

bool TopValues::AddListed(std::span<const CountedInt> values) {
  for (const CountedInt& entry : values) {
    std::size_t texts = 0;
    IntFieldValues(field_.column, entry.value, [&](std::string_view text) {
      Count(text, entry.rows);
      ++texts;
    });
    if (texts == 0) without_value_ += entry.rows;
  }
  return !values.empty();
}

bool TopValues::AddListed(std::span<const CountedString> values) {
  for (const CountedString& entry : values) {
    if (entry.value.empty()) {
      without_value_ += entry.rows;
    } else {
      Count(entry.value, entry.rows);
    }
  }
  return !values.empty();
}

void TopValues::Touch(BatchView& view) const {
  if (field_.kind != FieldRef::Kind::kColumn) return;
  if (field_.column <= Column::kFlags) {
    view.Ints(field_.column);
  } else {
    view.Strings(field_.column);
  }
}

bool TopValues::AddCodes(BatchView& view, const std::vector<std::uint32_t>& rows) {
  if (field_.kind != FieldRef::Kind::kColumn || field_.column < Column::kListener) return false;
  const StringColumn column = view.Strings(field_.column);
  if (column.codes.empty()) return false;
  by_code_.assign(column.values.size(), 0);
  for (const std::uint32_t row : rows) ++by_code_[column.codes[row]];
  for (std::size_t code = 0; code < by_code_.size(); ++code) {
    if (by_code_[code] == 0) continue;
    if (column.values[code].empty()) {
      without_value_ += by_code_[code];
    } else {
      Count(column.values[code], by_code_[code]);
    }
  }
  return true;
}

void TopValues::Count(std::string_view value, std::uint64_t records) {
  if (const auto known = counts_.find(value); known != counts_.end()) {
    known->second += records;
  } else if (counts_.size() < kMaxDistinct) {
    counts_.emplace(value, records);
  } else {
    other_ += records;
  }
}

void TopValues::Finish(std::uint64_t limit, AggregateResult& result) {
  using Entry = std::pair<std::string_view, std::uint64_t>;
  std::vector<Entry> entries(counts_.begin(), counts_.end());
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(limit, entries.size()));
  std::partial_sort(entries.begin(), entries.begin() + kept, entries.end(),
                    [](const Entry& a, const Entry& b) {
                      return a.second != b.second ? a.second > b.second : a.first < b.first;
                    });
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (entry < entries.begin() + kept) {
      result.top.emplace_back(entry->first, entry->second);
    } else {
      other_ += entry->second;
    }
  }
  result.distinct = counts_.size();
  result.other = other_;
  result.without_value = without_value_;
}

}  // namespace cistern::query
