#include "storage/block/column_set_reader.h"

#include <algorithm>
#include <numeric>

#include "storage/block/int_codec.h"
#include "storage/block/row_orders.h"
#include "storage/block/stored_ints.h"
#include "storage/block/string_codec.h"
#include "storage/block/template_text.h"
#include "storage/block/time_codec.h"

namespace cistern {
namespace {

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }

// The columns that hold the templates and the frames of a text column.
struct TextParts {
  ColumnId templates{}, frames{};
};
TextParts PartsOf(ColumnId id) {
  if (id == ColumnId::kMessage) return {ColumnId::kMessageTemplates, ColumnId::kMessageFrames};
  if (id == ColumnId::kStructuredData) return {ColumnId::kSdTemplates, ColumnId::kSdFrames};
  return {ColumnId::kProcidTemplates, ColumnId::kProcidFrames};
}

// So many texts are kept by row before there is room made for all.
constexpr std::size_t kFewTexts = 256;

class NoFrames final : public FrameSource {
 public:
  std::uint64_t size() const override { return 0; }
  std::optional<std::string_view> Read(std::uint64_t, std::size_t) override { return std::nullopt; }
};

}  // namespace

ColumnSetReader::ColumnSetReader(BlobReader& blob, Arena& arena)
    : blob_(blob), arena_(arena), rows_(static_cast<std::size_t>(blob.header().summary.records)) {}

// Whether a column may decide an order: its own must not come from there.
bool ColumnSetReader::MaySort(ColumnId id, RowOrder allowed) const {
  const ColumnEntry* entry = blob_.header().Find(id);
  return entry == nullptr || entry->order == RowOrder::kRow || entry->order == allowed;
}

// Sorts rows as the writer did. Codes are those of the columns' dictionaries. False when there is no such
// order.
bool ColumnSetReader::Sort(RowOrder order, std::vector<std::uint32_t>& rows) {
  if (order == RowOrder::kTemplate) {
    if (!MaySort(ColumnId::kMessageTemplates)) return false;
    SortByCode(RanksOf(Ints(ColumnId::kMessageTemplates)), rows);
    return true;
  }
  if ((order != RowOrder::kShape && order != RowOrder::kOrigin) || !MaySort(ColumnId::kShape)) return false;
  SortByCode(RanksOf(Ints(ColumnId::kShape)), rows);
  if (order == RowOrder::kShape) return true;
  if (!MaySort(ColumnId::kHostname) || !MaySort(ColumnId::kAppName, RowOrder::kTemplate)) return false;
  SortByCode(Strings(ColumnId::kHostname).codes, rows);
  SortByCode(Strings(ColumnId::kAppName).codes, rows);
  return true;
}

const ColumnSetReader::Order& ColumnSetReader::InOrder(RowOrder order) {
  Order& sorted = orders_[static_cast<std::size_t>(order) % orders_.size()];
  if (sorted.ready) return sorted;
  sorted.ready = true;
  sorted.rows = AllRows(rows_);
  if (!Sort(order, sorted.rows)) {
    damaged_ = true;
    sorted.rows = AllRows(rows_);
  }
  sorted.places.resize(rows_);
  for (std::uint32_t place = 0; place < rows_; ++place) sorted.places[sorted.rows[place]] = place;
  return sorted;
}

template <class Value>
void ColumnSetReader::PutInPlace(RowOrder order, std::vector<Value>& values) {
  if (order == RowOrder::kRow || values.empty()) return;
  const Order& sorted = InOrder(order);
  std::vector<Value> placed(values.size());
  for (std::size_t place = 0; place < placed.size(); ++place) placed[sorted.rows[place]] = values[place];
  values = std::move(placed);
}

bool ColumnSetReader::LoadInts(ColumnId id, std::size_t count, std::vector<std::int64_t>& out) {
  const ColumnEntry* entry = blob_.header().Find(id);
  out.assign(count, 0);
  if (entry == nullptr) {
    if (id == ColumnId::kIds)
      std::iota(out.begin(), out.end(), static_cast<std::int64_t>(ToInt(blob_.header().summary.first_id)));
    return true;
  }
  const auto payload = blob_.Payload(*entry);
  const bool fits = entry->order == RowOrder::kRow || count == rows_;
  if (!payload || !fits || !DecodeInts(entry->codec, *payload, count, out)) {
    out.assign(count, 0);
    return false;
  }
  PutInPlace(entry->order, out);
  return true;
}

std::span<const std::int64_t> ColumnSetReader::DecodedInts(ColumnId id) {
  IntColumn& column = ints_[Index(id)];
  column.ready = true;
  column.values.assign(rows_, 0);
  std::vector<std::int64_t> values;
  if (!LoadInts(id, rows_, values)) damaged_ = true;
  column.values = std::move(values);
  return column.values;
}

std::span<const std::int64_t> ColumnSetReader::Times() {
  if (times_.ready) return times_.values;
  times_.ready = true;
  times_.values.assign(rows_, kNoTime);
  const std::span<const std::int64_t> units = Ints(ColumnId::kTimeUnit);
  const auto count = static_cast<std::size_t>(
      std::count_if(units.begin(), units.end(), [](std::int64_t unit) { return unit != 0; }));
  std::vector<std::int64_t> deltas;
  if (LoadInts(ColumnId::kTime, count, deltas) &&
      DecodeTimes(units, deltas, Ints(ColumnId::kReceived), times_.values))
    return times_.values;
  damaged_ = true;
  times_.values.assign(rows_, kNoTime);
  return times_.values;
}

bool ColumnSetReader::LoadStrings(const ColumnEntry& entry, TextColumn& out) {
  const auto payload = blob_.Payload(entry);
  if (!payload || !DecodeStrings(entry.codec, *payload, rows_, out.values, out.codes)) return false;
  if (out.codes.empty()) {
    PutInPlace(entry.order, out.values);
  } else {
    PutInPlace(entry.order, out.codes);
  }
  return true;
}

bool ColumnSetReader::LoadTemplates(const ColumnEntry& entry, TextColumn& out) {
  const auto directory = blob_.Payload(entry);
  if (!directory || (entry.id == ColumnId::kMessage && entry.order != RowOrder::kRow)) return false;
  const TextParts parts = PartsOf(entry.id);
  const ColumnEntry* frames = blob_.header().Find(parts.frames);
  if (frames == nullptr) {
    out.frames = std::make_unique<NoFrames>();
  } else {
    out.frames = blob_.Frames(*frames);
  }
  out.order = entry.order;
  out.templates = std::make_unique<TextColumnReader>(*directory, *out.frames, arena_);
  const std::span<const std::uint16_t> codes = TemplateCodes(parts.templates);
  if (!codes.empty() && out.templates->Open(codes)) return true;
  out.templates = nullptr;
  return false;
}

std::span<const std::uint16_t> ColumnSetReader::TemplateCodes(ColumnId id) {
  std::vector<std::uint16_t>& codes = template_codes_[Index(id)];
  if (!codes.empty()) return codes;
  const ColumnEntry* entry = blob_.header().Find(id);
  StoredInts stored;
  const auto payload = entry != nullptr ? blob_.Payload(*entry) : std::nullopt;
  const bool simple = payload && entry->order == RowOrder::kRow && entry->codec != Codec::kDelta &&
                      stored.Open(entry->codec, *payload, rows_) && stored.dictionary().empty();
  if (simple && stored.Codes(kMaxTemplates, codes)) return codes;
  codes.clear();
  const std::span<const std::int64_t> values = Ints(id);
  const auto is_code = [](std::int64_t value) { return value >= 0 && value < std::int64_t{kMaxTemplates}; };
  if (std::all_of(values.begin(), values.end(), is_code)) codes.assign(values.begin(), values.end());
  return codes;
}

ColumnSetReader::TextColumn& ColumnSetReader::Texts(ColumnId id) {
  TextColumn& column = texts_[Index(id)];
  if (column.ready) return column;
  column.ready = true;
  column.values.assign(1, {});
  column.codes.assign(rows_, 0);
  const ColumnEntry* entry = blob_.header().Find(id);
  if (entry == nullptr) return column;
  TextColumn loaded;
  loaded.ready = true;
  const bool in_templates =
      entry->codec == Codec::kTemplates &&
      (id == ColumnId::kMessage || id == ColumnId::kStructuredData || id == ColumnId::kProcid);
  if (in_templates ? LoadTemplates(*entry, loaded) : LoadStrings(*entry, loaded)) {
    column = std::move(loaded);
  } else {
    damaged_ = true;
  }
  return column;
}

// From now on every row has a place for its text.
void ColumnSetReader::KeepByRow(TextColumn& column) {
  if (!column.templates || !column.done.empty()) return;
  column.values.assign(rows_, {});
  column.done.assign(rows_, 0);
  for (const auto& [row, text] : column.few) {
    column.values[row] = text;
    column.done[row] = 1;
  }
  column.few.clear();
}

void ColumnSetReader::PutTogether(TextColumn& column, std::size_t row, std::size_t place) {
  if (column.done[row]) return;
  column.done[row] = 1;
  column.values[row] = column.templates->Text(place);
  if (column.templates->damaged()) damaged_ = true;
}

void ColumnSetReader::PutTogether(TextColumn& column, std::size_t row) {
  PutTogether(column, row, column.order == RowOrder::kRow ? row : InOrder(column.order).places[row]);
}

std::string_view ColumnSetReader::TextAt(ColumnId id, std::size_t row, std::size_t place) {
  TextColumn& column = Texts(id);
  if (column.done.empty() && column.few.size() < kFewTexts) {
    const auto [text, added] = column.few.try_emplace(row);
    if (added) text->second = column.templates->FewText(place);
    if (column.templates->damaged()) damaged_ = true;
    return text->second;
  }
  KeepByRow(column);
  PutTogether(column, row, place);
  return column.values[row];
}

StringColumn ColumnSetReader::Strings(ColumnId id) {
  TextColumn& column = Texts(id);
  KeepByRow(column);
  if (column.templates && column.order == RowOrder::kRow) {
    for (const std::uint32_t row : column.templates->RowsByTemplate()) PutTogether(column, row, row);
  } else if (column.templates) {
    const std::span<const std::uint32_t> rows = InOrder(column.order).rows;
    for (const std::uint32_t place : column.templates->RowsByTemplate())
      PutTogether(column, rows[place], place);
  }
  return column.view();
}

StringColumn ColumnSetReader::StringsOf(ColumnId id, std::span<const std::uint8_t> selected,
                                        std::size_t begin, std::size_t end) {
  TextColumn& column = Texts(id);
  KeepByRow(column);
  if (column.templates) {
    for (std::size_t row = begin; row < end; ++row)
      if (selected[row]) PutTogether(column, row);
  }
  return column.view();
}

std::string_view ColumnSetReader::DecodedString(ColumnId id, std::size_t row) {
  TextColumn& column = Texts(id);
  KeepByRow(column);
  if (column.templates) PutTogether(column, row);
  return column.view()[row];
}

TemplateColumn* ColumnSetReader::Templates(ColumnId id) { return Texts(id).templates.get(); }

}  // namespace cistern
