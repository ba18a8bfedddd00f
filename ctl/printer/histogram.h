// A histogram over time, drawn with characters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace cistern::ctl {

struct Bucket {
  std::int64_t start_ns = 0;
  std::uint64_t count = 0;
};

// The buckets between the first and the last of `sparse` (ascending), empty ones included. Stops filling when
// that makes more than 10,000: then `sparse` itself.
std::vector<Bucket> FillBuckets(const std::vector<Bucket>& sparse, std::int64_t width_ns);

// The bucket width for a range: a round step that makes about 20 to 40 buckets; at least 1 s.
std::int64_t ChooseBucket(std::int64_t range_ns);

// One line a bucket: local time of its start, count, and a bar scaled so that the longest line fills
// `columns`. A count above 0 always shows a mark. Narrow terminals get bars of at least 10 characters.
void AppendHistogram(const std::vector<Bucket>& buckets, std::int64_t width_ns, absl::TimeZone zone,
                     int columns, bool color, std::string& out);

}  // namespace cistern::ctl
