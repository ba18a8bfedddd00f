#include "storage/filter/candidates.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "ingest/message/tags.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

// Texts are scanned so many octets at a time: one call costs more than a short text.
constexpr std::size_t kScannedAtOnce = 48 << 10;

void Append(std::vector<std::uint32_t>& rows, std::uint32_t row) {
  if (rows.empty() || rows.back() != row) rows.push_back(row);
}

std::uint64_t FoldedHash(std::string_view value) {
  char few[64];
  if (value.size() > sizeof few) {
    const std::string folded = Folded(value);
    return XXH3_64bits(folded.data(), folded.size());
  }
  for (std::size_t i = 0; i < value.size(); ++i) few[i] = FoldByte(value[i]);
  return XXH3_64bits(few, value.size());
}

std::uint64_t TagHash(std::string_view name, std::string_view value) {
  return XXH3_64bits_withSeed(name.data(), name.size(), FoldedHash(value));
}

template <class Entries>
auto& EntryOf(Entries& entries, Column column) {
  for (auto& entry : entries) {
    if (entry.column == column) return entry;
  }
  entries.push_back({column, {}});
  return entries.back();
}

template <class Each>
void ForEachRow(BatchView& view, const Selection* among, const Each& each) {
  const auto size = static_cast<std::uint32_t>(view.size());
  for (std::uint32_t row = 0; row < size; ++row) {
    if (among == nullptr || (*among)[row]) each(row);
  }
}

StringColumn StringsOf(BatchView& view, Column column, const Selection* among) {
  return among ? view.StringsOf(column, *among, 0, view.size()) : view.Strings(column);
}

}  // namespace

Candidates::Candidates(const std::vector<const Needs*>& needs) {
  for (std::uint32_t filter = 0; filter < needs.size(); ++filter) {
    if (needs[filter] == nullptr) continue;
    for (const Need& need : needs[filter]->any) Add(filter, need);
    if (needs[filter]->any.size() > 1) mixed_.push_back(filter);
  }
  if (!literals_.empty()) literal_set_ = std::make_unique<LiteralSet>(literals_);
}

void Candidates::Add(std::uint32_t filter, const Need& need) {
  switch (need.kind) {
    case Need::Kind::kLiteral:
      uses_[LiteralNumber(need.text)].push_back({filter, need.word_before, need.word_behind});
      break;
    case Need::Kind::kValue: {
      FilterList& filters = EntryOf(values_, need.column).filters[FoldedHash(need.text)];
      if (filters.empty() || filters.back() != filter) filters.push_back(filter);
      break;
    }
    case Need::Kind::kInt:
      for (std::size_t value = 0; value < need.ints.size(); ++value) {
        if (need.ints[value]) Append(EntryOf(ints_, need.column).filters[value], filter);
      }
      break;
    case Need::Kind::kNetwork:
      networks_.emplace_back(need.network, filter);
      break;
    case Need::Kind::kTag:
      Append(tags_[TagHash(need.tag, need.text)], filter);
      break;
    case Need::Kind::kPresent:
      Append(EntryOf(present_, need.column).filters, filter);
      break;
  }
}

std::uint32_t Candidates::LiteralNumber(const std::string& text) {
  const auto [known, added] = literal_numbers_.emplace(text, static_cast<std::uint32_t>(literals_.size()));
  if (added) {
    literals_.push_back(text);
    uses_.emplace_back();
  }
  return known->second;
}

bool Candidates::Find(BatchView& view, const Selection* among, RowLists& rows) const {
  if (literal_set_ && !FindLiterals(view, among, rows)) return false;
  for (const Values& values : values_) FindValues(values, view, among, rows);
  for (const Ints& ints : ints_) FindInts(ints, view, among, rows);
  if (!tags_.empty()) FindTags(view, among, rows);
  for (const Present& present : present_) FindPresent(present, view, among, rows);
  if (!networks_.empty()) FindNetworks(view, among, rows);
  for (const std::uint32_t filter : mixed_) {
    auto& list = rows[filter];
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return true;
}

// Messages, one behind the other, and where each of them stands.
class Candidates::Scan {
 public:
  Scan(const Candidates& all, RowLists& rows) : all_(all), rows_(rows) {}

  bool Take(std::uint32_t row, std::string_view text) {
    if (used_ + text.size() + 1 > buffer_.size() && !Flush()) return false;
    if (text.size() + 1 > buffer_.size()) buffer_.resize(std::max(kScannedAtOnce, text.size() + 1));
    if (!text.empty()) std::memcpy(buffer_.data() + used_, text.data(), text.size());
    places_.push_back({row, used_, used_ + text.size()});
    used_ += text.size();
    buffer_[used_++] = '\n';
    return true;
  }

  bool Flush() {
    if (places_.empty()) return true;
    at_ = 0;
    const bool done = all_.literal_set_->Scan({buffer_.data(), used_}, &Scan::OnFound, this);
    used_ = 0;
    places_.clear();
    return done;
  }

 private:
  struct Place {
    std::uint32_t row;
    std::size_t begin, end;
  };

  static void OnFound(void* context, std::uint32_t literal, std::size_t end) {
    static_cast<Scan*>(context)->Found(literal, end);
  }

  void Found(std::uint32_t literal, std::size_t end) {
    while (at_ > 0 && places_[at_].begin >= end) --at_;
    while (at_ + 1 < places_.size() && places_[at_ + 1].begin < end) ++at_;
    const Place& place = places_[at_];
    const std::size_t size = all_.literals_[literal].size();
    if (end > place.end || end - place.begin < size) return;
    const std::string_view text(buffer_.data() + place.begin, place.end - place.begin);
    const std::size_t to = end - place.begin;
    for (const LiteralUse& use : all_.uses_[literal]) {
      if ((use.word_before && !IsWordEdge(text, to - size)) || (use.word_behind && !IsWordEdge(text, to)))
        continue;
      Append(rows_[use.filter], place.row);
    }
  }

  const Candidates& all_;
  RowLists& rows_;
  std::string buffer_ = std::string(kScannedAtOnce, '\0');
  std::size_t used_ = 0;
  std::vector<Place> places_;
  std::size_t at_ = 0;  // in places_: where the last match was
};

bool Candidates::FindLiterals(BatchView& view, const Selection* among, RowLists& rows) const {
  const StringColumn texts = StringsOf(view, Column::kMessage, among);
  Scan scan(*this, rows);
  bool done = true;
  ForEachRow(view, among, [&](std::uint32_t row) { done = done && scan.Take(row, texts[row]); });
  return done && scan.Flush();
}

void Candidates::FindValues(const Values& values, BatchView& view, const Selection* among,
                            RowLists& rows) const {
  const StringColumn column = StringsOf(view, values.column, among);
  std::string_view last;
  const FilterList* filters = nullptr;
  bool known = false;
  ForEachRow(view, among, [&](std::uint32_t row) {
    const std::string_view value = column[row];
    if (!known || value != last) {
      const auto found = values.filters.find(FoldedHash(value));
      filters = found == values.filters.end() ? nullptr : &found->second;
      last = value;
      known = true;
    }
    if (filters == nullptr) return;
    for (const std::uint32_t filter : *filters) Append(rows[filter], row);
  });
}

void Candidates::FindInts(const Ints& ints, BatchView& view, const Selection* among, RowLists& rows) const {
  const auto column = view.Ints(ints.column);
  ForEachRow(view, among, [&](std::uint32_t row) {
    for (const std::uint32_t filter : ints.filters[static_cast<std::uint8_t>(column[row])])
      Append(rows[filter], row);
  });
}

void Candidates::FindNetworks(BatchView& view, const Selection* among, RowLists& rows) const {
  const auto peers = view.Peers();
  std::map<IpAddress, FilterList> known;
  ForEachRow(view, among, [&](std::uint32_t row) {
    const IpAddress& peer = peers.values[peers.codes[row]];
    if (!peer.present()) return;
    const auto [entry, added] = known.try_emplace(peer);
    if (added) {
      for (const auto& [network, filter] : networks_) {
        if (network.Contains(peer)) Append(entry->second, filter);
      }
    }
    for (const std::uint32_t filter : entry->second) Append(rows[filter], row);
  });
}

void Candidates::FindTags(BatchView& view, const Selection* among, RowLists& rows) const {
  const StringColumn column = StringsOf(view, Column::kTags, among);
  ForEachRow(view, among, [&](std::uint32_t row) {
    for (TagsReader reader(column[row]); const auto tag = reader.Next();) {
      const auto found = tags_.find(TagHash(tag->name, tag->value));
      if (found == tags_.end()) continue;
      for (const std::uint32_t filter : found->second) Append(rows[filter], row);
    }
  });
}

void Candidates::FindPresent(const Present& present, BatchView& view, const Selection* among,
                             RowLists& rows) const {
  const StringColumn column = StringsOf(view, present.column, among);
  ForEachRow(view, among, [&](std::uint32_t row) {
    if (column[row].empty()) return;
    for (const std::uint32_t filter : present.filters) Append(rows[filter], row);
  });
}

}  // namespace cistern::filter
