// Runs queries and aggregates over a Store: leaves out what ids, times and the index of a block rule out,
// evaluates the filter on what is left, and materialises only what matches.
//
// Threads: a call runs on the caller's thread and blocks on disk; never call it from a network thread. With a
// QueryPool other threads evaluate batches ahead; results are given out on the caller's thread all the same.
// It looks at `control` between slices of a batch, so deadline and cancellation stop it within 200 ms.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "storage/filter/filter.h"
#include "storage/store.h"

namespace cistern {

// Errors besides those of the store (StoreErrc); both are the caller's mistake.
enum class QueryErrc {
  kBadLimit = 1,    // TimeAxis::kEvent without a limit of 1 to 10,000
  kTooManyBuckets,  // the matches fall into more than 10,000 buckets
};
const boost::system::error_category& QueryErrorCategory();
boost::system::error_code make_error_code(QueryErrc errc);

class QueryPool;  // query_pool.h

// How a running call is told to stop, and who helps it.
struct QueryControl {
  const std::atomic<bool>* cancelled = nullptr;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  QueryPool* pool = nullptr;  // null: the caller's thread alone
};

// What it cost and why: the plan as it went. A call adds to it, also when it fails.
struct QueryCost {
  std::uint64_t days = 0;                // on which the batches considered were received, UTC
  std::uint64_t batches_considered = 0;  // those the store offered; each is one of the next six
  std::uint64_t pruned_by_time = 0;      // by ids and times
  std::uint64_t pruned_by_value = 0;     // by ranges and values of fields
  std::uint64_t pruned_by_word = 0;      // by a word that does not occur
  std::uint64_t pruned_by_template = 0;  // no template can match
  std::uint64_t answered_by_index = 0;   // counted without looking at a record
  std::uint64_t batches_read = 0;        // the rest
  std::uint64_t rows_ruled_out = 0;      // records whose template cannot match
  std::uint64_t rows_taken = 0;          // records whose template always matches
  std::uint64_t records_considered = 0;  // records that the filter was evaluated on
  std::uint64_t bytes_read = 0;          // encoded, fetched
  std::uint64_t bytes_decoded = 0;       // what became of them
  std::chrono::nanoseconds time{0};

  void Add(const QueryCost& other);
};

enum class TimeAxis { kReceived, kEvent };  // event: message time if within `event_skew` of receipt

struct QueryOptions {
  Filter filter;
  ScanOrder order = ScanOrder::kNewestFirst;
  std::uint64_t limit = 100;            // 0: all; kEvent needs 1..10000
  TimeAxis axis = TimeAxis::kReceived;  // what from/to bound and what orders
  std::int64_t from = INT64_MIN;        // inclusive, ns
  std::int64_t to = INT64_MAX;          // exclusive, ns
  // Resume: only records behind this one in the query's order. 0: from the start.
  std::uint64_t after_id = 0;
  // Upper id bound fixed by the first page. 0: take the store's last id now.
  std::uint64_t snapshot_id = 0;
  std::chrono::nanoseconds event_skew = std::chrono::minutes(5);
};

// Event time of a record (design: message time if within `skew` of receipt, else received time).
std::int64_t EventTime(std::int64_t time, std::int64_t received, std::chrono::nanoseconds skew);

// Gives matches in order, some at a time; the view and rows are valid during the call. Returns false to stop.
using MatchSink = std::function<bool(BatchView& view, const std::vector<std::uint32_t>& rows)>;

struct QueryResult {
  std::uint64_t matches = 0;
  std::uint64_t snapshot_id = 0;
  bool more = false;  // the limit ended it, there may be more; after_id = last id delivered continues
};
Result<QueryResult> RunQuery(Store& store, const QueryOptions& options, const QueryControl& control,
                             const MatchSink& sink, QueryCost* cost = nullptr);

struct AggregateOptions {
  Filter filter;
  TimeAxis axis = TimeAxis::kReceived;
  std::int64_t from = INT64_MIN, to = INT64_MAX;  // as above
  std::chrono::nanoseconds event_skew = std::chrono::minutes(5);
  // Histogram: width of a bucket in ns, aligned to the Unix epoch; 0: none. At most 10,000 buckets.
  std::int64_t bucket = 0;
  // Top values: at most `top_limit` values of each record's `top_field`; 0: none. Exact up to 1,000,000
  // different values; beyond that the rest is counted in `other`. A record with several values counts for
  // each.
  FieldRef top_field;
  std::uint64_t top_limit = 0;
};
struct AggregateResult {
  std::uint64_t count = 0;
  std::vector<std::pair<std::int64_t, std::uint64_t>> histogram;  // bucket start, count; ascending, no zeros
  std::vector<std::pair<std::string, std::uint64_t>> top;         // descending count, then value
  std::uint64_t distinct = 0;       // different values of top_field, at most 1,000,000
  std::uint64_t without_value = 0;  // matches that have no top_field
  std::uint64_t other = 0;          // values counted that are not in `top`
};
Result<AggregateResult> RunAggregate(Store& store, const AggregateOptions& options,
                                     const QueryControl& control, QueryCost* cost = nullptr);

// Values of any field (also tags, structured data, payload) for `rows` of one view, in their order. A row
// that has several (repeated parameters, flags) gives each of them, one without a value none. Times are RFC
// 3339 in UTC, severities and the like names. `value` is valid during the call.
void FieldValues(BatchView& view, const FieldRef& field, const std::vector<std::uint32_t>& rows,
                 const std::function<void(std::uint32_t row, std::string_view value)>& each);

}  // namespace cistern

template <>
struct boost::system::is_error_code_enum<cistern::QueryErrc> : std::true_type {};
