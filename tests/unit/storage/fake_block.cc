#include "tests/unit/storage/fake_block.h"

#include <algorithm>
#include <cctype>

namespace cistern {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)); }

struct Part {
  std::size_t begin, end;
};

// The words of `text`.
std::vector<Part> WordsOf(std::string_view text) {
  std::vector<Part> words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && IsWord(text[end])) ++end;
    if (end > i) words.push_back({i, end});
    i = std::max(end, i + 1);
  }
  return words;
}

bool HasDigit(std::string_view text) { return std::any_of(text.begin(), text.end(), IsDigit); }

// Words with digits and words behind `=`, joined where a single byte of `.:-/@` stands between two of them.
std::vector<Part> SlotsOf(std::string_view text, bool values_follow_equals) {
  std::vector<Part> slots;
  for (const Part& word : WordsOf(text)) {
    const bool value = values_follow_equals && word.begin > 0 && text[word.begin - 1] == '=';
    const bool digit = HasDigit(text.substr(word.begin, word.end - word.begin));
    if (!value && !digit) continue;
    const bool joins = !slots.empty() && slots.back().end + 1 == word.begin && digit &&
                       std::string_view(".:-/@").find(text[word.begin - 1]) != std::string_view::npos;
    if (joins) {
      slots.back().end = word.end;
    } else {
      slots.push_back(word);
    }
  }
  return slots;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

SlotStamp StampOf(const std::vector<std::string_view>& values) {
  SlotStamp stamp{0, UINT32_MAX, 0, 0};
  for (std::string_view value : values) {
    for (char c : value) stamp.classes |= SlotStamp::ClassOf(c);
    for (const Part& word : WordsOf(value))
      stamp.max_word = std::max(stamp.max_word, static_cast<std::uint32_t>(word.end - word.begin));
    stamp.min_length = std::min(stamp.min_length, static_cast<std::uint32_t>(value.size()));
    stamp.max_length = std::max(stamp.max_length, static_cast<std::uint32_t>(value.size()));
  }
  return stamp;
}

}  // namespace

FakeTemplates::FakeTemplates(std::span<const Record> records, const FakeBlockOptions& options) {
  std::map<std::vector<std::string_view>, std::vector<std::size_t>> rows_of;
  std::vector<std::vector<std::string_view>> values(records.size());
  for (std::size_t row = 0; row < records.size(); ++row) {
    const std::string_view text = records[row].message;
    std::vector<std::string_view> pieces;
    std::size_t done = 0;
    for (const Part& slot : SlotsOf(text, options.values_follow_equals)) {
      pieces.push_back(text.substr(done, slot.begin - done));
      values[row].push_back(text.substr(slot.begin, slot.end - slot.begin));
      done = slot.end;
    }
    pieces.push_back(text.substr(done));
    rows_of[pieces].push_back(row);
  }
  template_of_.resize(records.size());
  position_of_.resize(records.size());
  pieces_.push_back({"", ""});
  slots_.push_back({{{}}, {}, {}});
  for (const auto& [pieces, rows] : rows_of) {
    const bool rare = rows.size() < options.min_rows;
    if (!rare) {
      pieces_.push_back(pieces);
      slots_.push_back({std::vector<std::vector<std::string_view>>(pieces.size() - 1), {}, {}});
    }
    for (const std::size_t row : rows) {
      if (rare) {
        Place(row, 0, {records[row].message});
      } else {
        Place(row, pieces_.size() - 1, values[row]);
      }
    }
  }
  for (Slots& slots : slots_) {
    for (const auto& of_slot : slots.values) {
      auto& distinct = slots.distinct.emplace_back();
      auto& codes = slots.codes.emplace_back();
      for (std::string_view value : of_slot) {
        const auto known = std::find(distinct.begin(), distinct.end(), value);
        codes.push_back(static_cast<std::uint32_t>(known - distinct.begin()));
        if (known == distinct.end()) distinct.push_back(value);
      }
    }
  }
}

void FakeTemplates::Place(std::size_t row, std::size_t t, const std::vector<std::string_view>& values) {
  template_of_[row] = static_cast<std::uint16_t>(t);
  position_of_[row] = 0;
  for (std::size_t slot = 0; slot < values.size(); ++slot) {
    position_of_[row] = static_cast<std::uint32_t>(slots_[t].values[slot].size());
    slots_[t].values[slot].push_back(values[slot]);
    AddWords(values[slot]);
  }
}

void FakeTemplates::AddWords(std::string_view value) {
  const auto words = WordsOf(value);
  for (std::size_t i = 0; i < words.size(); ++i) {
    words_.insert(Lower(value.substr(words[i].begin, words[i].end - words[i].begin)));
    if (i + 4 > words.size()) continue;
    const std::string_view four = value.substr(words[i].begin, words[i + 3].end - words[i].begin);
    const bool dotted =
        std::all_of(four.begin(), four.end(), [](char c) { return IsDigit(c) || c == '.'; }) &&
        four.find("..") == std::string_view::npos;
    if (dotted) addresses_.insert(std::string(four));
  }
}

StringColumn FakeTemplates::Slot(std::size_t t, std::size_t slot) {
  if (slot % 2 == 0) return {slots_[t].values[slot], {}};
  return {slots_[t].distinct[slot], slots_[t].codes[slot]};
}

std::vector<TextTemplate> FakeTemplates::Describe() const {
  std::vector<TextTemplate> described;
  for (std::size_t t = 0; t < pieces_.size(); ++t) {
    TextTemplate text{pieces_[t], {}, 0};
    for (const auto& values : slots_[t].values) text.slots.push_back(StampOf(values));
    text.rows = static_cast<std::uint32_t>(std::count(template_of_.begin(), template_of_.end(), t));
    described.push_back(std::move(text));
  }
  return described;
}

FakeIndex::FakeIndex(std::span<const Record> records, const FakeTemplates& templates,
                     const FakeBlockOptions& options)
    : records_(records), templates_(templates), described_(templates.Describe()), view_(records) {
  for (const Column column :
       {Column::kTransport, Column::kFormat, Column::kFacility, Column::kSeverity, Column::kFlags}) {
    std::map<std::int64_t, std::uint32_t> counts;
    for (const std::int64_t value : view_.Ints(column)) ++counts[value];
    for (const auto& [value, rows] : counts) ints_[column].push_back({value, rows});
  }
  if (!options.keep_values) return;
  for (const Column column : {Column::kListener, Column::kTlsIdentity, Column::kHostname, Column::kAppName,
                              Column::kMsgid, Column::kPeer}) {
    std::map<std::string_view, std::uint32_t> counts;
    const StringColumn values = view_.Strings(column);
    for (std::size_t row = 0; row < records.size(); ++row) ++counts[values[row]];
    for (const auto& [value, rows] : counts) strings_[column].push_back({value, rows});
  }
}

std::optional<BlockIndex::Range> FakeIndex::IntRange(Column column) {
  if (column != Column::kId && column != Column::kReceived && column != Column::kTime &&
      column != Column::kPort)
    return std::nullopt;
  std::optional<Range> range;
  for (const std::int64_t value : view_.Ints(column)) {
    if (column == Column::kTime && value == kNoTime) continue;
    if (!range) range = Range{value, value};
    range->min = std::min(range->min, value);
    range->max = std::max(range->max, value);
  }
  return range;
}

std::optional<std::span<const CountedString>> FakeIndex::StringValues(Column column) {
  const auto found = strings_.find(column);
  if (found == strings_.end()) return std::nullopt;
  return found->second;
}

FakeBlock::FakeBlock(std::span<const Record> records, const FakeBlockOptions& options)
    : records_(records), view_(records), templates_(records, options), index_(records, templates_, options) {}

StringColumn FakeBlock::StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                                  std::size_t end) {
  const StringColumn all = Strings(column);
  partial_.assign(size(), "Failed password for root from 10.0.0.1 port 22");
  for (std::size_t row = begin; row < end; ++row) {
    if (selected[row]) partial_[row] = all[row];
  }
  return {partial_, {}};
}

std::int64_t FakeBlock::min_received() const {
  return std::ranges::min_element(records_, {}, &Record::received)->received;
}
std::int64_t FakeBlock::max_received() const {
  return std::ranges::max_element(records_, {}, &Record::received)->received;
}

}  // namespace cistern
