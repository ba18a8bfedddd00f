#include "service/detect/capture.h"

#include <re2/re2.h>

#include <array>
#include <charconv>

#include "proto/convert/utf8.h"
#include "storage/query/field_text.h"

namespace cistern::detect {
namespace {

constexpr std::uint32_t kMostWeight = 1'000'000;

// Columns of which only some texts need be put together.
bool IsText(const FieldRef& field) {
  return field.kind == FieldRef::Kind::kColumn &&
         (field.column == Column::kMessage || field.column == Column::kRaw);
}

// Values stand in events, which are UTF-8.
std::string Kept(std::string_view value) { return ToUtf8(value.substr(0, kLongestValue)); }

// Runs the patterns over one message; the first that finds a value wins.
void Extract(const Plan& plan, std::string_view message, Values& values) {
  constexpr int kMostGroups = 65;
  std::array<re2::StringPiece, kMostGroups> groups;
  const re2::StringPiece text(message.data(), message.size());
  for (const Plan::Extract& extract : plan.extracts) {
    const int count = std::min<int>(static_cast<int>(extract.slots.size()) + 1, kMostGroups);
    if (!extract.pattern->Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), count)) continue;
    for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(count); ++i) {
      if (extract.slots[i] < 0 || groups[i + 1].empty()) continue;
      std::string& value = values[static_cast<std::size_t>(extract.slots[i])];
      if (value.empty()) value = Kept({groups[i + 1].data(), groups[i + 1].size()});
    }
  }
}

std::uint32_t WeightOf(std::string_view text) {
  std::uint32_t weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  const bool right =
      error == std::errc() && end == text.data() + text.size() && weight >= 1 && weight <= kMostWeight;
  return right ? weight : 1;
}

class Capturer {
 public:
  Capturer(const Plan& plan, BatchView& view, BlockIndex* index, std::span<const std::uint32_t> rows,
           Selection& selected, std::vector<Item>& items)
      : plan_(plan), view_(view), index_(index), rows_(rows), selected_(selected), items_(items) {
    items_.assign(rows.size(), {});
    for (Item& item : items_) item.values.resize(plan.slots.size());
  }

  void Run() {
    const auto ids = view_.Ints(Column::kId), times = view_.Ints(Column::kTime);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      items_[i].id = static_cast<std::uint64_t>(ids[rows_[i]]);
      items_[i].stated = times[rows_[i]];
    }
    if (!plan_.extracts.empty()) {
      const StringColumn messages = Texts(Column::kMessage);
      for (std::size_t i = 0; i < rows_.size(); ++i) Extract(plan_, messages[rows_[i]], items_[i].values);
    }
    if (plan_.counts_octets) {
      const StringColumn messages = Texts(Column::kMessage);
      for (std::size_t i = 0; i < rows_.size(); ++i) items_[i].octets = messages[rows_[i]].size();
    }
    for (std::size_t slot = plan_.pattern_slots; slot < plan_.slots.size(); ++slot) TakeField(slot);
    for (std::size_t i = 0; i < plan_.inner.size(); ++i) Mark(i);
    for (Item& item : items_) {
      item.key = KeyOf(plan_, item.values);
      if (plan_.weight) item.weight = WeightOf(item.values[*plan_.weight]);
    }
  }

 private:
  StringColumn Texts(Column column) {
    Select(1);
    const StringColumn texts = view_.StringsOf(column, selected_, rows_.front(), rows_.back() + 1);
    Select(0);
    return texts;
  }
  void Select(std::uint8_t value) {
    for (const std::uint32_t row : rows_) selected_[row] = value;
  }

  void TakeField(std::size_t slot) {
    const FieldRef& field = plan_.slots[slot].field;
    if (IsText(field)) {
      const StringColumn texts = Texts(field.column);
      for (std::size_t i = 0; i < rows_.size(); ++i) items_[i].values[slot] = Kept(texts[rows_[i]]);
      return;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i)
      items_[i].values[slot] = Kept(FieldText(view_, field, rows_[i]));
  }

  void Mark(std::size_t bit) {
    Select(1);
    plan_.inner[bit].filter.Narrow(view_, selected_, rows_.front(), rows_.back() + 1, index_);
    for (std::size_t i = 0; i < rows_.size(); ++i)
      items_[i].marks |= static_cast<std::uint32_t>(selected_[rows_[i]]) << bit;
    Select(0);
  }

  const Plan& plan_;
  BatchView& view_;
  BlockIndex* const index_;
  const std::span<const std::uint32_t> rows_;
  Selection& selected_;
  std::vector<Item>& items_;
};

}  // namespace

std::string KeyOf(const Plan& plan, const Values& values) {
  std::string key;
  for (std::size_t i = 0; i < plan.by.size(); ++i) {
    if (i > 0) key += ',';
    for (const char c : values[plan.by[i]]) {
      if (c == ',' || c == '\\') key += '\\';
      key += c;
    }
  }
  return key;
}

void Capture(const Plan& plan, BatchView& view, BlockIndex* index, std::span<const std::uint32_t> rows,
             Selection& selected, std::vector<Item>& items) {
  items.clear();
  if (!rows.empty()) Capturer(plan, view, index, rows, selected, items).Run();
}

}  // namespace cistern::detect
