#include "storage/block/row_reader.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "storage/block/template_text.h"

namespace cistern {
namespace {

// After so many rows it is cheaper to count all of them at once. Origins are many: there is less to remember.
constexpr std::size_t kFewRows = 32, kFewOrigins = 3;
// With more codes than that, rows are sorted in several steps.
constexpr std::uint64_t kMaxCodes = 1 << 18;

constexpr std::size_t Index(ColumnId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t Index(RowOrder order) { return static_cast<std::size_t>(order); }

// Where the rows of each code begin when they are sorted by it.
std::vector<std::uint32_t> StartsOf(std::span<const std::uint16_t> code_of_row) {
  std::array<std::uint32_t, kMaxTemplates> even{}, odd{};  // two: equal codes do not wait for each other
  for (std::size_t row = 0; row + 1 < code_of_row.size(); row += 2) {
    ++even[code_of_row[row]];
    ++odd[code_of_row[row + 1]];
  }
  if (code_of_row.size() % 2 != 0) ++even[code_of_row.back()];
  std::vector<std::uint32_t> starts(kMaxTemplates + 1);
  for (std::size_t code = 0; code < kMaxTemplates; ++code)
    starts[code + 1] = starts[code] + even[code] + odd[code];
  return starts;
}

// The place of every row; codes are below `bound`.
template <class Code>
std::vector<std::uint32_t> PlacesBy(std::span<const Code> code_of_row, std::uint64_t bound) {
  std::vector<std::uint32_t> next(static_cast<std::size_t>(bound) + 1), places(code_of_row.size());
  for (const Code code : code_of_row) ++next[code + std::size_t{1}];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (std::size_t row = 0; row < places.size(); ++row) places[row] = next[code_of_row[row]]++;
  return places;
}

// The value of each code when all its rows have the same one; empty when one has several.
template <class Value>
std::vector<Value> ValueOfCode(std::span<const std::uint32_t> starts, std::span<const Value> sorted) {
  std::vector<Value> of_code(starts.size() - 1);
  for (std::size_t code = 0; code < of_code.size(); ++code) {
    const std::span<const Value> run = sorted.subspan(starts[code], starts[code + 1] - starts[code]);
    if (run.empty()) continue;
    of_code[code] = run[0];
    if (CountEqual(run, run[0]) != run.size()) return {};
  }
  return of_code;
}

// Puts values that are sorted by code, which is below kMaxTemplates, in the order of the rows.
template <class Value>
void ToRows(std::span<const std::uint16_t> code_of_row, std::vector<Value>& values) {
  std::vector<std::uint32_t> next = StartsOf(code_of_row);
  const std::vector<Value> of_code = ValueOfCode<Value>(next, values);
  std::vector<Value> placed(values.size());
  if (!of_code.empty()) {
    for (std::size_t row = 0; row < placed.size(); ++row) placed[row] = of_code[code_of_row[row]];
  } else {
    for (std::size_t row = 0; row < placed.size(); ++row) placed[row] = values[next[code_of_row[row]]++];
  }
  values = std::move(placed);
}

}  // namespace

RowReader::RowReader(BlobReader& blob, ColumnSetReader& columns)
    : blob_(blob), columns_(columns), rows_(columns.rows()) {}

RowReader::How RowReader::Open(ColumnId id, IntColumn& column) {
  const ColumnEntry* entry = blob_.header().Find(id);
  if (entry == nullptr) return How::kNothing;
  if (entry->codec == Codec::kVarints) return How::kWhole;
  const auto payload = blob_.Payload(*entry);
  column.order = entry->codec == Codec::kConstant ? RowOrder::kRow : entry->order;
  if (!payload || !column.values.Open(entry->codec, *payload, rows_)) return Damaged(How::kNothing);
  return How::kOneByOne;
}

std::int64_t RowReader::Int(ColumnId id, std::size_t row) {
  IntColumn& column = ints_[Index(id)];
  if (column.how == How::kNotOpened) column.how = Open(id, column);
  if (column.how == How::kWhole) return columns_.Ints(id)[row];
  const std::uint64_t first = ToInt(blob_.header().summary.first_id);
  if (column.how == How::kNothing) return id == ColumnId::kIds ? static_cast<std::int64_t>(first + row) : 0;
  std::int64_t value = 0;
  if (!column.values.Get(PlaceOf(column.order, row), value)) return Damaged(0);
  return value;
}

RowReader::How RowReader::OpenTimes() {
  const ColumnEntry* const unit = blob_.header().Find(ColumnId::kTimeUnit);
  const ColumnEntry* const delta = blob_.header().Find(ColumnId::kTime);
  if (unit == nullptr || delta == nullptr || delta->codec != Codec::kVarints || unit->codec == Codec::kDelta)
    return How::kWhole;
  StoredInts stored;
  std::vector<std::uint8_t> units;
  const auto payload = blob_.Payload(*unit), deltas = blob_.Payload(*delta);
  if (!payload || !deltas || !stored.Open(unit->codec, *payload, rows_) || !stored.dictionary().empty() ||
      !stored.Codes(kTimeUnits.size(), units) || !InRowOrder(unit->order, units))
    return How::kWhole;
  times_.Open(std::move(units), *deltas);
  return How::kOneByOne;
}

std::int64_t RowReader::Time(std::size_t row) {
  if (times_how_ == How::kNotOpened) times_how_ = OpenTimes();
  if (times_how_ == How::kWhole) return columns_.Times()[row];
  std::int64_t time = kNoTime;
  if (!times_.Get(row, Int(ColumnId::kReceived, row), time)) return Damaged(kNoTime);
  return time;
}

RowReader::How RowReader::Open(ColumnId id, TextColumn& column) {
  const ColumnEntry* entry = blob_.header().Find(id);
  if (entry == nullptr) return How::kNothing;
  column.order = entry->order;
  if (entry->codec == Codec::kTemplates) {
    column.in_templates = columns_.Templates(id) != nullptr;
    return column.in_templates ? How::kOneByOne : How::kWhole;
  }
  if (entry->codec != Codec::kDictionary && entry->codec != Codec::kPackedDictionary) return How::kWhole;
  const auto payload = blob_.Payload(*entry);
  if (!payload || !column.values.Open(entry->codec, *payload, rows_)) return Damaged(How::kNothing);
  return How::kOneByOne;
}

std::string_view RowReader::String(ColumnId id, std::size_t row) {
  TextColumn& column = texts_[Index(id)];
  if (column.how == How::kNotOpened) column.how = Open(id, column);
  if (column.how == How::kWhole) return columns_.String(id, row);
  if (column.how == How::kNothing) return {};
  std::string_view value;
  const std::size_t place = PlaceOf(column.order, row);
  if (column.in_templates) return columns_.TextAt(id, row, place);
  if (!column.values.Get(place, value)) return Damaged(value);
  return value;
}

std::span<const std::uint16_t> RowReader::Shapes() {
  if (shapes_.empty() && !ReadShapes()) shapes_.clear();
  return shapes_;
}

bool RowReader::ReadShapes() {
  const ColumnEntry* entry = blob_.header().Find(ColumnId::kShape);
  shapes_.assign(rows_, 0);
  if (entry == nullptr) return true;
  StoredInts stored;
  const auto payload = blob_.Payload(*entry);
  if (!payload || entry->order != RowOrder::kRow || entry->codec == Codec::kDelta ||
      !stored.Open(entry->codec, *payload, rows_))
    return false;
  const std::span<const std::int64_t> values = stored.dictionary();
  if (values.empty()) return entry->codec == Codec::kConstant;
  if (!stored.Codes(values.size(), shapes_)) return false;
  std::vector<std::uint16_t> ranks;
  for (const std::int64_t value : values) {
    const auto below = [value](std::int64_t other) { return other < value; };
    ranks.push_back(static_cast<std::uint16_t>(std::count_if(values.begin(), values.end(), below)));
  }
  shape_count_ = values.size();
  for (std::uint16_t& shape : shapes_) shape = ranks[shape];
  return true;
}

bool RowReader::CodesOf(ColumnId id, std::vector<std::uint16_t>& codes, std::uint64_t& distinct) {
  const ColumnEntry* entry = blob_.header().Find(id);
  codes.assign(rows_, 0);
  distinct = 1;
  if (entry == nullptr || entry->codec == Codec::kStrings) return true;
  StoredDictionary stored;
  const auto payload = blob_.Payload(*entry);
  const bool may_sort =
      entry->order == RowOrder::kRow || (entry->order == RowOrder::kTemplate && id == ColumnId::kAppName);
  if (!payload || !may_sort || !stored.Open(entry->codec, *payload, rows_) || !stored.Codes(codes))
    return false;
  distinct = stored.values().size();
  return InRowOrder(entry->order, codes);
}

bool RowReader::ReadOrigins() {
  std::vector<std::uint16_t> apps, hosts;
  std::uint64_t app_count = 0, host_count = 0;
  if (Shapes().empty()) return false;
  if (!CodesOf(ColumnId::kAppName, apps, app_count) || !CodesOf(ColumnId::kHostname, hosts, host_count))
    return false;
  origin_count_ = app_count * host_count * shape_count_;
  if (origin_count_ > UINT32_MAX) return false;
  const auto host_step = static_cast<std::uint32_t>(shape_count_);
  const auto app_step = static_cast<std::uint32_t>(host_count * shape_count_);
  origins_.resize(rows_);
  const auto key = [&, apps = apps.data(), hosts = hosts.data(), shapes = shapes_.data()](std::size_t row) {
    return apps[row] * app_step + hosts[row] * host_step + shapes[row];
  };
  constexpr std::size_t kStep = 64;  // compilers make vectors of it
  std::size_t row = 0;
  for (; row + kStep <= rows_; row += kStep) {
    std::uint32_t keys[kStep];
    for (std::size_t i = 0; i < kStep; ++i) keys[i] = key(row + i);
    std::copy_n(keys, kStep, origins_.data() + row);
  }
  for (; row < rows_; ++row) origins_[row] = key(row);
  return true;
}

RowReader::How RowReader::OpenOrder(RowOrder order) {
  if (order == RowOrder::kTemplate) {
    const std::span<const std::uint16_t> codes = columns_.TemplateCodes(ColumnId::kMessageTemplates);
    if (codes.empty()) return How::kWhole;
    by_template_.Set(codes);
  } else if (order == RowOrder::kShape) {
    if (Shapes().empty()) return How::kWhole;
    by_shape_.Set(shapes_);
  } else {
    if (order != RowOrder::kOrigin || !ReadOrigins()) return How::kWhole;
    by_origin_.Set(origins_);
  }
  return How::kOneByOne;
}

template <class Value>
bool RowReader::InRowOrder(RowOrder order, std::vector<Value>& values) {
  if (order == RowOrder::kRow) return true;
  if (order == RowOrder::kOrigin) return false;
  const std::span<const std::uint16_t> codes =
      order == RowOrder::kShape ? Shapes() : columns_.TemplateCodes(ColumnId::kMessageTemplates);
  if (codes.empty()) return false;
  ToRows(codes, values);
  return true;
}

std::size_t RowReader::CountPlace(RowOrder order, std::size_t row) {
  if (order == RowOrder::kTemplate) return by_template_.Place(row);
  return order == RowOrder::kShape ? by_shape_.Place(row) : by_origin_.Place(row);
}

// Empty: they are to be sorted.
std::vector<std::uint32_t> RowReader::CountPlaces(RowOrder order) const {
  if (order == RowOrder::kTemplate)
    return PlacesBy(columns_.TemplateCodes(ColumnId::kMessageTemplates), kMaxTemplates);
  if (order == RowOrder::kShape) return PlacesBy(std::span<const std::uint16_t>(shapes_), shape_count_);
  if (origin_count_ > kMaxCodes) return {};
  return PlacesBy(std::span<const std::uint32_t>(origins_), origin_count_);
}

std::size_t RowReader::PlaceOf(RowOrder id, std::size_t row) {
  if (id == RowOrder::kRow) return row;
  Order& order = orders_[Index(id) % orders_.size()];
  if (order.last_row == row) return order.last_place;
  if (order.how == How::kNotOpened) order.how = OpenOrder(id);
  if (order.how != How::kWhole && ++order.asked > (id == RowOrder::kOrigin ? kFewOrigins : kFewRows)) {
    order.how = How::kWhole;
    order.places = CountPlaces(id);
  }
  order.last_row = row;
  if (order.how != How::kWhole) {
    order.last_place = CountPlace(id, row);
  } else {
    order.last_place = order.places.empty() ? columns_.PlacesIn(id)[row] : order.places[row];
  }
  return order.last_place;
}

}  // namespace cistern
