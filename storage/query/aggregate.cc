#include <map>
#include <optional>

#include "storage/query/match_reader.h"
#include "storage/query/top_values.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxBuckets = 10'000;

class Histogram {
 public:
  explicit Histogram(const AggregateOptions& options) : options_(options) {}

  // False: too many buckets.
  bool Add(BatchView& view, const std::vector<std::uint32_t>& rows) {
    const auto received = view.Ints(Column::kReceived);
    const bool by_event = options_.axis == TimeAxis::kEvent;
    const auto times = by_event ? view.Ints(Column::kTime) : received;
    for (const std::uint32_t row : rows) {
      Count(by_event ? EventTime(times[row], received[row], options_.event_skew) : received[row]);
    }
    return !too_many();
  }

  // All rows of a block, where they fall into one bucket for certain; else false.
  bool AddAll(const StoredBatch& batch, std::uint64_t rows) {
    if (options_.axis == TimeAxis::kEvent) return false;
    const std::int64_t start = StartOf(batch.min_received());
    if (start != StartOf(batch.max_received())) return false;
    buckets_[start] += rows;
    return true;
  }

  bool too_many() const { return buckets_.size() > kMaxBuckets; }

  std::vector<std::pair<std::int64_t, std::uint64_t>> Take() const {
    return {buckets_.begin(), buckets_.end()};
  }

 private:
  // Neighbours mostly share a bucket, so the last one is tried first.
  void Count(std::int64_t time) {
    if (!last_ || time < start_ || time - start_ >= options_.bucket) {
      start_ = StartOf(time);
      last_ = &buckets_[start_];
    }
    ++*last_;
  }

  std::int64_t StartOf(std::int64_t time) const {
    const std::int64_t into = ((time % options_.bucket) + options_.bucket) % options_.bucket;
    std::int64_t start = 0;
    return __builtin_sub_overflow(time, into, &start) ? INT64_MIN : start;
  }

  const AggregateOptions& options_;
  std::map<std::int64_t, std::uint64_t> buckets_;
  std::int64_t start_ = 0;
  std::uint64_t* last_ = nullptr;
};

// What is collected over the matches.
class Collector {
 public:
  explicit Collector(const AggregateOptions& options)
      : options_(options), histogram_(options), top_(options.top_field) {}

  // False: too many buckets.
  bool Add(StoredBatch& batch, const std::vector<std::uint32_t>& rows) {
    count_ += rows.size();
    if (options_.top_limit > 0) top_.Add(batch, rows);
    return options_.bucket == 0 || histogram_.Add(batch, rows);
  }

  // All rows of a block, from what is known without decoding it; false: that is not enough.
  bool AddAll(StoredBatch& batch, BlockIndex& index) {
    if (options_.bucket > 0 && options_.top_limit > 0) return false;
    if (options_.bucket > 0 && !histogram_.AddAll(batch, index.records())) return false;
    if (options_.top_limit > 0 && !top_.AddAll(index)) return false;
    count_ += index.records();
    return true;
  }

  // Decodes what Add() will read.
  void Touch(StoredBatch& batch) const {
    if (options_.top_limit > 0) top_.Touch(batch);
    if (options_.bucket == 0) return;
    batch.Ints(Column::kReceived);
    if (options_.axis == TimeAxis::kEvent) batch.Ints(Column::kTime);
  }

  void Count(std::uint64_t rows) { count_ += rows; }
  bool only_counts() const { return options_.bucket == 0 && options_.top_limit == 0; }
  bool too_many() const { return histogram_.too_many(); }

  AggregateResult Finish() {
    AggregateResult result;
    result.count = count_;
    result.histogram = histogram_.Take();
    if (options_.top_limit > 0) top_.Finish(options_.top_limit, result);
    return result;
  }

 private:
  const AggregateOptions& options_;
  std::uint64_t count_ = 0;
  Histogram histogram_;
  query::TopValues top_;
};

}  // namespace

Result<AggregateResult> RunAggregate(Store& store, const AggregateOptions& options,
                                     const QueryControl& control, QueryCost* cost) {
  QueryCost unwanted;
  QueryCost& spent = cost ? *cost : unwanted;
  const query::CostTimer timer(spent);
  query::MatchOptions match{
      options.filter, ScanOrder::kOldestFirst, 1, ToInt(store.last_id()), options.axis, options.from,
      options.to,     options.event_skew};
  Collector collector(options);
  query::MatchReader reader(store, match, control, spent);
  reader.wanted = UINT64_MAX;
  reader.whole = [&](StoredBatch& batch, BlockIndex& index) { return collector.AddAll(batch, index); };
  reader.touch = [&](StoredBatch& batch, const auto&) { collector.Touch(batch); };
  if (collector.only_counts()) reader.sure = [&](std::uint64_t rows) { collector.Count(rows); };
  const auto done = reader.Run(
      [&](StoredBatch& batch, const std::vector<std::uint32_t>& rows) { return collector.Add(batch, rows); });
  if (!done) return done.error();
  if (collector.too_many()) return QueryErrc::kTooManyBuckets;
  return collector.Finish();
}

}  // namespace cistern
