#include "storage/query/batch_bounds.h"

#include <algorithm>

namespace cistern::query {
namespace {

std::int64_t SaturatingAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace

BatchBounds::BatchBounds(const MatchOptions& options)
    : from_(options.from),
      to_(options.to),
      skew_(options.event_skew),
      by_event_(options.axis == TimeAxis::kEvent && (from_ != INT64_MIN || to_ != INT64_MAX)) {
  const FilterBounds& bounds = options.filter.bounds();
  // An event time may differ from the received time by the skew.
  const std::int64_t skew = options.axis == TimeAxis::kEvent ? options.event_skew.count() : 0;
  const std::int64_t last = options.to == INT64_MAX ? INT64_MAX : SaturatingAdd(options.to, -1);
  id_min_ = std::max(options.id_min, bounds.id_min);
  id_max_ = std::min(options.id_max, bounds.id_max);
  received_min_ = std::max(SaturatingAdd(options.from, -skew), bounds.received_min);
  received_max_ = std::min(SaturatingAdd(last, skew), bounds.received_max);
}

bool BatchBounds::empty() const { return id_min_ > id_max_ || received_min_ > received_max_ || from_ >= to_; }

bool BatchBounds::Exclude(const StoredBatch& batch) const {
  return ToInt(batch.last_id()) < id_min_ || ToInt(batch.first_id()) > id_max_ ||
         batch.max_received() < received_min_ || batch.min_received() > received_max_;
}

bool BatchBounds::CoverIds(const StoredBatch& batch) const {
  return ToInt(batch.first_id()) >= id_min_ && ToInt(batch.last_id()) <= id_max_;
}

bool BatchBounds::CoverReceived(const StoredBatch& batch) const {
  return batch.min_received() >= received_min_ && batch.max_received() <= received_max_;
}

bool BatchBounds::Cover(const StoredBatch& batch) const {
  return CoverIds(batch) && CoverReceived(batch) && !by_event_;
}

void BatchBounds::Narrow(StoredBatch& batch, Selection& selection, std::size_t begin, std::size_t end) const {
  std::uint8_t* selected = selection.data();
  if (!CoverIds(batch)) {
    const auto ids = batch.Ints(Column::kId);
    for (std::size_t i = begin; i < end; ++i) {
      const auto id = static_cast<std::uint64_t>(ids[i]);
      selected[i] &= static_cast<std::uint8_t>((id >= id_min_) & (id <= id_max_));
    }
  }
  if (!CoverReceived(batch)) {
    const auto received = batch.Ints(Column::kReceived);
    for (std::size_t i = begin; i < end; ++i) {
      selected[i] &=
          static_cast<std::uint8_t>((received[i] >= received_min_) & (received[i] <= received_max_));
    }
  }
  if (!by_event_) return;
  const auto times = batch.Ints(Column::kTime), received = batch.Ints(Column::kReceived);
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t event = EventTime(times[i], received[i], skew_);
    selected[i] &= static_cast<std::uint8_t>((event >= from_) & (event < to_));
  }
}

}  // namespace cistern::query
