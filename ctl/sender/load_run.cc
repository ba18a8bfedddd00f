#include "ctl/sender/load_run.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatchOctets = 64 * 1024;
// A sender that fell behind, because it was not scheduled or its peer stalled, catches up by this much only.
constexpr std::chrono::milliseconds kMaxCatchUp{20};
constexpr std::chrono::microseconds kTick{500};  // how long a paced sender sleeps

// Says how many messages are due.
class Pacer {
 public:
  explicit Pacer(double rate) : rate_(rate), next_(Clock::now()) {}

  // Waits until at least one is due and returns how many are, at most `most`.
  std::uint64_t Take(std::uint64_t most) {
    if (rate_ <= 0) return most;
    next_ = std::max(next_, Clock::now() - kMaxCatchUp);
    if (next_ > Clock::now()) std::this_thread::sleep_until(std::max(next_, Clock::now() + kTick));
    const std::chrono::duration<double> behind = Clock::now() - next_;
    const auto due = std::min(most, 1 + static_cast<std::uint64_t>(behind.count() * rate_));
    next_ += std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(static_cast<double>(due) / rate_));
    return due;
  }

 private:
  const double rate_;
  Clock::time_point next_;  // when the next message is due
};

struct Sender {
  unsigned number = 0;
  std::uint64_t count = 0;
  std::unique_ptr<Connection> connection;
  std::uint64_t attempted = 0;
  std::uint64_t sent = 0;
  std::uint64_t octets = 0;
};

void FillBatch(std::uint64_t due, LoadText& text, Sender& sender, std::string& message, Batch& batch) {
  batch.Clear();
  const std::int64_t now = WallTime();
  for (std::uint64_t i = 0; i < due && batch.octets().size() < kBatchOctets; ++i) {
    text.Render(++sender.attempted, now + static_cast<std::int64_t>(i) * 1000, message);
    sender.octets += message.size();
    batch.Add(message);
  }
}

void RunSender(const LoadOptions& options, Sender& sender, const std::stop_token& stop) {
  LoadText text(options.run, sender.number, options.format, options.size);
  Pacer pacer(options.rate / options.connections);
  Batch batch(options.framing);
  std::string message;
  while (sender.attempted < sender.count && !sender.connection->failed() && !stop.stop_requested()) {
    FillBatch(pacer.Take(std::min<std::uint64_t>(options.batch, sender.count - sender.attempted)), text,
              sender, message, batch);
    sender.sent += sender.connection->Send(batch);
  }
  sender.connection->Finish();
}

std::string OpenAll(const LoadOptions& options, const OpenSender& open, std::vector<Sender>& senders) {
  std::string error;
  for (unsigned i = 0; i < options.connections; ++i) {
    senders[i].number = i;
    senders[i].count =
        options.count / options.connections + (i < options.count % options.connections ? 1 : 0);
    senders[i].connection = open(i, error);
    if (!senders[i].connection) return error;
  }
  return {};
}

}  // namespace

LoadResult RunLoad(const LoadOptions& options, const OpenSender& open, std::stop_token stop) {
  LoadResult result;
  std::vector<Sender> senders(options.connections);
  result.error = OpenAll(options, open, senders);
  if (!result.error.empty()) return result;
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (Sender& sender : senders) {
      threads.emplace_back([&options, &sender, &stop] { RunSender(options, sender, stop); });
    }
  }
  result.elapsed = Clock::now() - start;
  for (const Sender& sender : senders) {
    result.sent += sender.sent;
    result.failed += sender.attempted - sender.sent;
    result.octets += sender.octets;
    result.attempted.push_back(sender.attempted);
    if (result.error.empty()) result.error = sender.connection->error();
  }
  return result;
}

}  // namespace cistern::ctl
