#include "storage/block/time_codec.h"

#include <algorithm>

#include "ingest/message/record.h"
#include "storage/block/bytes.h"

namespace cistern {
namespace {

constexpr std::int64_t FloorDiv(std::int64_t value, std::int64_t unit) {
  return value / unit - (value % unit < 0 ? 1 : 0);
}

constexpr std::size_t kMarkEvery = 128;

std::size_t UnitOf(std::int64_t time) {
  if (time % 1'000 != 0) return 4;
  if (time % 1'000'000 != 0) return 3;
  return time % 1'000'000'000 != 0 ? 2 : 1;
}

}  // namespace

void TimeColumn::Clear() {
  units_.clear();
  deltas_.clear();
  previous_.fill(0);
  CountReceived(0);
}

// Many rows share one clock reading, so the divisions are done once for all of them.
void TimeColumn::CountReceived(std::int64_t received) {
  received_ = received;
  for (std::size_t i = 1; i < kTimeUnits.size(); ++i) in_units_[i] = FloorDiv(received, kTimeUnits[i]);
}

void TimeColumn::Add(std::int64_t time, std::int64_t received) {
  if (time == kNoTime) return units_.push_back(0);
  if (received != received_) CountReceived(received);
  const std::size_t unit = UnitOf(time);
  const std::int64_t difference = WrapSub(time / kTimeUnits[unit], in_units_[unit]);
  units_.push_back(static_cast<std::int64_t>(unit));
  deltas_.push_back(WrapSub(difference, previous_[unit]));
  previous_[unit] = difference;
}

void StoredTimes::Open(std::vector<std::uint8_t> units, std::string_view deltas) {
  units_ = std::move(units);
  deltas_ = deltas;
  marks_.assign(1, {});
}

// From the mark before row `begin` to that before row `end`.
bool StoredTimes::Walk(Mark& mark, std::size_t begin, std::size_t end) const {
  const std::uint8_t* const units = units_.data();
  const char* const deltas = deltas_.data();
  std::size_t at = mark.offset;
  for (std::size_t row = begin; row < end; ++row) {
    const std::uint8_t unit = units[row];
    if (unit == 0) continue;
    if (at == deltas_.size()) return false;
    const auto octet = static_cast<std::uint8_t>(deltas[at]);
    if (octet < 0x80) {
      mark.sums[unit] = WrapAdd(mark.sums[unit], UnZigZag(octet));
      ++at;
      continue;
    }
    ByteReader in(deltas_.substr(at));
    mark.sums[unit] = WrapAdd(mark.sums[unit], in.Signed());
    if (!in.ok()) return false;
    at = deltas_.size() - in.left();
  }
  mark.offset = at;
  return true;
}

bool StoredTimes::Get(std::size_t row, std::int64_t received, std::int64_t& time) {
  const std::uint8_t unit = units_[row];
  time = kNoTime;
  if (unit == 0) return true;
  std::size_t at = std::min(row / kMarkEvery, marks_.size() - 1);
  Mark mark = marks_[at];
  for (; at < row / kMarkEvery; ++at) {
    if (!Walk(mark, at * kMarkEvery, (at + 1) * kMarkEvery)) return false;
    marks_.push_back(mark);
  }
  if (!Walk(mark, at * kMarkEvery, row + 1)) return false;
  time = WrapMul(WrapAdd(mark.sums[unit], FloorDiv(received, kTimeUnits[unit])), kTimeUnits[unit]);
  return true;
}

bool DecodeTimes(std::span<const std::int64_t> units, std::span<const std::int64_t> deltas,
                 std::span<const std::int64_t> received, std::span<std::int64_t> out) {
  std::array<std::int64_t, kTimeUnits.size()> previous{};
  std::size_t next = 0;
  for (std::size_t i = 0; i < units.size(); ++i) {
    out[i] = kNoTime;
    const auto unit = static_cast<std::uint64_t>(units[i]);
    if (unit == 0) continue;
    if (unit >= kTimeUnits.size() || next == deltas.size()) return false;
    previous[unit] = WrapAdd(previous[unit], deltas[next++]);
    out[i] = WrapMul(WrapAdd(previous[unit], FloorDiv(received[i], kTimeUnits[unit])), kTimeUnits[unit]);
  }
  return next == deltas.size();
}

}  // namespace cistern
