#include "ctl/transfer/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::milliseconds kInterval{100};
constexpr std::size_t kWidth = 30;

}  // namespace

std::string ProgressBar(std::uint64_t done, std::uint64_t total, std::size_t width) {
  const double part = total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(part * static_cast<double>(width));
  std::string bar(filled, '=');
  if (filled < width) bar += '>';
  bar.resize(width, ' ');
  return fmt::format("[{}] {:3.0f} %", bar, part * 100);
}

Progress::Progress(const Context& context, std::string label)
    : context_(context),
      label_(std::move(label)),
      shown_(context.err_terminal && !context.quiet),
      started_(steady_clock::now()),
      next_(started_) {}

void Progress::Update(std::uint64_t done, std::uint64_t total, std::uint64_t records) {
  const auto now = steady_clock::now();
  if (!shown_ || now < next_) return;
  next_ = now + kInterval;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const auto rate = static_cast<std::uint64_t>(static_cast<double>(records) / std::max(seconds, 0.001));
  const std::string bar = total > 0 ? ProgressBar(done, total, kWidth) + "  " : "";
  std::string left;
  if (total > 0 && done > 0 && done < total && seconds > 1) {
    const double rest = seconds * static_cast<double>(total - done) / static_cast<double>(done);
    left = ", " + FormatSpan(static_cast<std::int64_t>(rest + 1) * 1'000'000'000) + " left";
  }
  *context_.err << fmt::format("\r\x1b[K{} {}{} records, {}/s{}", Visible(label_), bar, FormatCount(records),
                               FormatCount(rate), left)
                << std::flush;
  drawn_ = true;
}

void Progress::Clear() {
  if (drawn_) *context_.err << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace cistern::ctl
