// Queries that sort by event time.
//
// Two passes: the first keeps only (event time, id) of the best matches; the second reads those records
// again, some at a time, so memory does not grow with the limit times the size of a message.
#pragma once

#include "storage/query/match_reader.h"

namespace cistern::query {

inline constexpr std::uint64_t kMaxSorted = 10'000;

// `options.order` says which end comes first; equal times go by id, in the same direction.
Result<void> RunInEventOrder(Store& store, const MatchOptions& options, std::uint64_t limit,
                             const QueryControl& control, const MatchSink& sink, QueryResult& result,
                             QueryCost& cost);

}  // namespace cistern::query
