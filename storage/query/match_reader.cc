#include "storage/query/match_reader.h"

#include <algorithm>

namespace cistern::query {
namespace {

// Rows between two looks at the control; also what a query with a small limit evaluates beyond its need.
constexpr std::size_t kSlice = 4096;

std::int64_t SaturatingAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace

Result<void> CheckStopped(const QueryControl& control) {
  if (control.cancelled && control.cancelled->load(std::memory_order_relaxed)) return StoreErrc::kCancelled;
  if (control.deadline != std::chrono::steady_clock::time_point::max() &&
      std::chrono::steady_clock::now() >= control.deadline) {
    return StoreErrc::kDeadline;
  }
  return {};
}

MatchReader::MatchReader(Store& store, const MatchOptions& options, const QueryControl& control,
                         QueryCost& cost)
    : store_(store), options_(options), control_(control), cost_(cost) {
  const FilterBounds& bounds = options.filter.bounds();
  // An event time may differ from the received time by the skew.
  const std::int64_t skew = options.axis == TimeAxis::kEvent ? options.event_skew.count() : 0;
  const std::int64_t last = options.to == INT64_MAX ? INT64_MAX : SaturatingAdd(options.to, -1);
  id_min_ = std::max(options.id_min, bounds.id_min);
  id_max_ = std::min(options.id_max, bounds.id_max);
  received_min_ = std::max(SaturatingAdd(options.from, -skew), bounds.received_min);
  received_max_ = std::min(SaturatingAdd(last, skew), bounds.received_max);
}

Result<void> MatchReader::Run(const Each& each) {
  if (id_min_ > id_max_ || received_min_ > received_max_ || options_.from >= options_.to) return {};
  const auto scan = store_.NewScan({options_.order, id_min_, id_max_, received_min_, received_max_});
  for (;;) {
    if (auto stopped = CheckStopped(control_); !stopped) return stopped;
    auto batch = scan->Next();
    if (!batch) return batch.error();
    if (!*batch) return {};
    ++cost_.batches_considered;
    if (OutsideBounds(**batch) || (skip && skip(**batch))) continue;
    ++cost_.batches_read;
    cost_.bytes_read += (*batch)->encoded_bytes();
    const auto more = ReadBatch(**batch, each);
    if (!more) return more.error();
    if (!*more) return {};
  }
}

bool MatchReader::OutsideBounds(const StoredBatch& batch) const {
  return ToInt(batch.last_id()) < id_min_ || ToInt(batch.first_id()) > id_max_ ||
         batch.max_received() < received_min_ || batch.min_received() > received_max_;
}

Result<bool> MatchReader::ReadBatch(StoredBatch& batch, const Each& each) {
  const bool newest_first = options_.order == ScanOrder::kNewestFirst;
  const std::size_t size = batch.size();
  selection_.assign(size, 1);
  for (std::size_t done = 0; done < size; done += kSlice) {
    if (done > 0) {
      if (auto stopped = CheckStopped(control_); !stopped)
        return {boost::system::in_place_error, stopped.error()};
    }
    const std::size_t rows = std::min(kSlice, size - done);
    const std::size_t begin = newest_first ? size - done - rows : done;
    SelectRows(batch, begin, begin + rows);
    cost_.records_considered += rows;
    // What a damaged column said is not to be believed; the store leaves the batch out from now on.
    if (batch.damaged()) return true;
    if (!rows_.empty() && !each(batch, rows_)) return false;
  }
  return true;
}

void MatchReader::SelectRows(StoredBatch& batch, std::size_t begin, std::size_t end) {
  ApplyBounds(batch, begin, end);
  options_.filter.Narrow(batch, selection_, begin, end);
  rows_.clear();
  for (std::size_t row = begin; row < end; ++row) {
    if (selection_[row]) rows_.push_back(static_cast<std::uint32_t>(row));
  }
  if (options_.order == ScanOrder::kNewestFirst) std::reverse(rows_.begin(), rows_.end());
}

void MatchReader::ApplyBounds(StoredBatch& batch, std::size_t begin, std::size_t end) {
  std::uint8_t* selected = selection_.data();
  if (ToInt(batch.first_id()) < id_min_ || ToInt(batch.last_id()) > id_max_) {
    const auto ids = batch.Ints(Column::kId);
    for (std::size_t i = begin; i < end; ++i) {
      const auto id = static_cast<std::uint64_t>(ids[i]);
      selected[i] &= static_cast<std::uint8_t>((id >= id_min_) & (id <= id_max_));
    }
  }
  if (batch.min_received() < received_min_ || batch.max_received() > received_max_) {
    const auto received = batch.Ints(Column::kReceived);
    for (std::size_t i = begin; i < end; ++i) {
      selected[i] &=
          static_cast<std::uint8_t>((received[i] >= received_min_) & (received[i] <= received_max_));
    }
  }
  if (options_.axis != TimeAxis::kEvent || (options_.from == INT64_MIN && options_.to == INT64_MAX)) return;
  const auto times = batch.Ints(Column::kTime), received = batch.Ints(Column::kReceived);
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t event = EventTime(times[i], received[i], options_.event_skew);
    selected[i] &= static_cast<std::uint8_t>((event >= options_.from) & (event < options_.to));
  }
}

}  // namespace cistern::query
