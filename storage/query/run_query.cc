#include <algorithm>

#include "storage/query/event_order.h"
#include "storage/query/match_reader.h"

namespace cistern {
namespace {

// Boost's base class has no virtual destructor on purpose; categories live for ever.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class QueryCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cistern.query"; }
  std::string message(int value) const override {
    switch (static_cast<QueryErrc>(value)) {
      case QueryErrc::kBadLimit:
        return "sorting by event time needs a limit of 1 to 10000";
      case QueryErrc::kTooManyBuckets:
        return "more than 10000 buckets; use wider ones or a shorter time range";
    }
    return "unknown query error";
  }
};
#pragma GCC diagnostic pop

query::MatchOptions MatchOptionsOf(const QueryOptions& options, std::uint64_t snapshot_id) {
  query::MatchOptions match{options.filter, options.order, 1,          snapshot_id,
                            options.axis,   options.from,  options.to, options.event_skew};
  if (options.after_id == 0) return match;
  if (options.order == ScanOrder::kOldestFirst) {
    match.id_min = options.after_id == UINT64_MAX ? UINT64_MAX : options.after_id + 1;
  } else {
    match.id_max = std::min(match.id_max, options.after_id - 1);
  }
  return match;
}

// Stops at the limit without looking whether there is one more match: for a rare filter that could mean to
// read the whole store.
Result<void> RunInArrivalOrder(query::MatchReader& reader, std::uint64_t limit, const MatchSink& sink,
                               QueryResult& result) {
  std::vector<std::uint32_t> last;
  reader.wanted = limit;
  reader.check = true;
  // The first row of a batch costs as much as the next hundred.
  reader.touch = [](StoredBatch& batch, const auto& rows) { batch.Row(rows.front()); };
  return reader.Run([&](StoredBatch& batch, const std::vector<std::uint32_t>& rows) {
    const std::uint64_t left = limit - result.matches;
    if (limit == 0 || rows.size() < left) {
      result.matches += rows.size();
      return sink(batch, rows);
    }
    result.matches = limit;
    result.more = true;
    last.assign(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(left));
    sink(batch, last);
    return false;
  });
}

}  // namespace

const boost::system::error_category& QueryErrorCategory() {
  static const QueryCategory category;
  return category;
}

boost::system::error_code make_error_code(QueryErrc errc) {
  return {static_cast<int>(errc), QueryErrorCategory()};
}

std::int64_t EventTime(std::int64_t time, std::int64_t received, std::chrono::nanoseconds skew) {
  if (time == kNoTime) return received;
  std::int64_t apart = 0;
  if (__builtin_sub_overflow(time, received, &apart)) return received;
  return apart <= skew.count() && apart >= -skew.count() ? time : received;
}

void QueryCost::Add(const QueryCost& other) {
  for (std::uint64_t QueryCost::*field :
       {&QueryCost::days, &QueryCost::batches_considered, &QueryCost::pruned_by_time,
        &QueryCost::pruned_by_value, &QueryCost::pruned_by_word, &QueryCost::pruned_by_template,
        &QueryCost::answered_by_index, &QueryCost::batches_read, &QueryCost::rows_ruled_out,
        &QueryCost::rows_taken, &QueryCost::records_considered, &QueryCost::bytes_read,
        &QueryCost::bytes_decoded}) {
    this->*field += other.*field;
  }
  time += other.time;
}

Result<QueryResult> RunQuery(Store& store, const QueryOptions& options, const QueryControl& control,
                             const MatchSink& sink, QueryCost* cost) {
  QueryCost unwanted;
  QueryCost& spent = cost ? *cost : unwanted;
  const query::CostTimer timer(spent);
  QueryResult result;
  result.snapshot_id = options.snapshot_id != 0 ? options.snapshot_id : ToInt(store.last_id());
  const query::MatchOptions match = MatchOptionsOf(options, result.snapshot_id);
  Result<void> done;
  if (options.axis == TimeAxis::kEvent) {
    if (options.limit == 0 || options.limit > query::kMaxSorted) return QueryErrc::kBadLimit;
    done = query::RunInEventOrder(store, match, options.limit, control, sink, result, spent);
  } else {
    query::MatchReader reader(store, match, control, spent);
    done = RunInArrivalOrder(reader, options.limit, sink, result);
  }
  if (!done) return done.error();
  return result;
}

}  // namespace cistern
