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
    return buckets_.size() <= kMaxBuckets;
  }

  std::vector<std::pair<std::int64_t, std::uint64_t>> Take() const {
    return {buckets_.begin(), buckets_.end()};
  }

 private:
  // Neighbours mostly share a bucket, so the last one is tried first.
  void Count(std::int64_t time) {
    if (!last_ || time < start_ || time - start_ >= options_.bucket) {
      const std::int64_t into = ((time % options_.bucket) + options_.bucket) % options_.bucket;
      if (__builtin_sub_overflow(time, into, &start_)) start_ = INT64_MIN;
      last_ = &buckets_[start_];
    }
    ++*last_;
  }

  const AggregateOptions& options_;
  std::map<std::int64_t, std::uint64_t> buckets_;
  std::int64_t start_ = 0;
  std::uint64_t* last_ = nullptr;
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
  AggregateResult result;
  Histogram histogram(options);
  query::TopValues top(options.top_field);
  bool too_many = false;
  query::MatchReader reader(store, match, control, spent);
  const auto done = reader.Run([&](StoredBatch& batch, const std::vector<std::uint32_t>& rows) {
    result.count += rows.size();
    if (options.bucket > 0) too_many = !histogram.Add(batch, rows);
    if (options.top_limit > 0) top.Add(batch, rows);
    return !too_many;
  });
  if (!done) return done.error();
  if (too_many) return QueryErrc::kTooManyBuckets;
  result.histogram = histogram.Take();
  if (options.top_limit > 0) top.Finish(options.top_limit, result);
  return result;
}

}  // namespace cistern
