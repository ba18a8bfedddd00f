#include "ctl/printer/histogram.h"

#include <algorithm>
#include <array>

#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400;
constexpr std::array<std::int64_t, 20> kSteps = {1,     2,     5,     10,   15,       30,       60,
                                                 120,   300,   600,   900,  1800,     3600,     7200,
                                                 10800, 21600, 43200, kDay, 7 * kDay, 30 * kDay};
constexpr std::int64_t kMostBuckets = 40;
constexpr std::size_t kMostFilled = 10'000;
// One eighth to eight eighths of a character cell.
constexpr std::array<const char*, 8> kBlocks = {"\u258f", "\u258e", "\u258d", "\u258c",
                                                "\u258b", "\u258a", "\u2589", "\u2588"};

std::string Bar(std::uint64_t count, std::uint64_t largest, std::uint64_t cells) {
  if (count == 0) return "";
  const auto eighths = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(static_cast<double>(count) / static_cast<double>(largest) *
                                    static_cast<double>(cells * 8)));
  std::string bar;
  for (std::uint64_t i = 0; i < eighths / 8; ++i) bar += kBlocks[7];
  if (eighths % 8 != 0) bar += kBlocks[eighths % 8 - 1];
  return bar;
}

const char* LabelFormat(std::int64_t width_ns) {
  if (width_ns % kSecond != 0) return "%Y-%m-%d %H:%M:%E3S";
  return width_ns % (60 * kSecond) != 0 ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M";
}

}  // namespace

std::vector<Bucket> FillBuckets(const std::vector<Bucket>& sparse, std::int64_t width_ns) {
  if (sparse.empty() || width_ns <= 0) return sparse;
  const auto span =
      static_cast<std::size_t>((sparse.back().start_ns - sparse.front().start_ns) / width_ns) + 1;
  if (span > kMostFilled) return sparse;
  std::vector<Bucket> filled(span);
  for (std::size_t i = 0; i < span; ++i) {
    filled[i].start_ns = sparse.front().start_ns + static_cast<std::int64_t>(i) * width_ns;
  }
  for (const Bucket& bucket : sparse) {
    filled[static_cast<std::size_t>((bucket.start_ns - sparse.front().start_ns) / width_ns)].count +=
        bucket.count;
  }
  return filled;
}

std::int64_t ChooseBucket(std::int64_t range_ns) {
  for (const std::int64_t step : kSteps) {
    if (range_ns / (step * kSecond) <= kMostBuckets) return step * kSecond;
  }
  // Years: as many months a bucket as it takes.
  return (range_ns / (kSteps.back() * kSecond * kMostBuckets) + 1) * kSteps.back() * kSecond;
}

void AppendHistogram(const std::vector<Bucket>& buckets, std::int64_t width_ns, absl::TimeZone zone,
                     int columns, bool color, std::string& out) {
  std::uint64_t largest = 1;
  for (const Bucket& bucket : buckets) largest = std::max(largest, bucket.count);
  const std::size_t count_width = std::to_string(largest).size();
  const char* format = LabelFormat(width_ns);
  for (const Bucket& bucket : buckets) {
    const std::string label = absl::FormatTime(format, absl::FromUnixNanos(bucket.start_ns), zone);
    const std::string count = std::to_string(bucket.count);
    const int cells = std::max(10, columns - static_cast<int>(label.size() + count_width + 4));
    AppendPainted(label, Paint::kDim, color, out);
    out.append(2 + count_width - count.size(), ' ').append(count);
    if (bucket.count > 0) out += "  ";
    AppendPainted(Bar(bucket.count, largest, static_cast<std::uint64_t>(cells)), Paint::kCyan, color, out);
    out += '\n';
  }
}

}  // namespace cistern::ctl
