#include "service/forward/console_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <mutex>

#include "cistern/v1/target.pb.h"
#include "proto/convert/escape.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::size_t kChunkBytes = 64 << 10;

// Waits until `fd` takes more; false: the time is over or something was ordered.
bool WaitForRoom(int fd, const Stop& stop, steady_clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
  if (left.count() <= 0 || stop.requested()) return false;
  std::array<pollfd, 2> ready{{{fd, POLLOUT, 0}, {stop.fd(), POLLIN, 0}}};
  poll(ready.data(), ready.size(), static_cast<int>(left.count()));
  return true;
}

// Never blocks: as much as a pipe is sure to take once it takes anything. Several targets may write to it.
ssize_t WriteReady(int fd, std::string_view text) {
  static std::mutex one_writer;
  const std::lock_guard lock(one_writer);
  pollfd ready{fd, POLLOUT, 0};
  if (poll(&ready, 1, 0) <= 0) return 0;
  return write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
}

}  // namespace

std::string ConsoleSink::HeaderLine() const {
  std::string header = formatter_.Header();
  if (!header.empty()) header += '\n';
  return header;
}

void ConsoleSink::AddLine(const Record& record) {
  line_.clear();
  formatter_.Append(record, line_);
  AppendVisible(line_, pending_);
  pending_ += '\n';
}

// A line that was begun counts as taken: its rest goes first next time.
Delivery ConsoleSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  while (!delivery.failure && delivery.taken < chunk.rows.size()) {
    if (!pending_.empty()) {
      const WithoutBatch wait(chunk);
      delivery.failure = Write(stop);
    }
    if (delivery.failure || !chunk.here()) break;
    const Record record = chunk.view.Row(chunk.rows[delivery.taken++]);
    AddLine(record);
    held_behind_ = RecordId{ToInt(record.id) - 1};
    delivery.bytes += pending_.size();
    if (delivery.bytes >= kChunkBytes) break;
  }
  const WithoutBatch wait(chunk);
  if (!delivery.failure) delivery.failure = Write(stop);
  if (!delivery.failure) observe_({"write to standard output", "done"});
  return delivery;
}

std::optional<Failure> ConsoleSink::Write(const Stop& stop) {
  auto until = steady_clock::now() + kPatience;
  while (!pending_.empty()) {
    const ssize_t written = WriteReady(fd_, pending_);
    if (written > 0) {
      pending_.erase(0, static_cast<std::size_t>(written));
      until = steady_clock::now() + kPatience;
    } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return Failure{FailureReason::kClosed,
                     std::string("writing to standard output: ") + std::strerror(errno)};
    } else if (!WaitForRoom(fd_, stop, until)) {
      if (stop.requested()) return Failure{FailureReason::kStopped, "stopped"};
      return Failure{FailureReason::kTimeout, "writing to standard output: nobody reads it"};
    }
  }
  held_behind_.reset();
  return std::nullopt;
}

MadeSink MakeConsoleSink(const v1::Target& target, SinkContext context) {
  return std::make_unique<ConsoleSink>(
      STDOUT_FILENO,
      RecordFormatter::Options{
          .form = RecordFormatter::FormOf(target.console().format()), .mark_store = {}, .columns = {}},
      std::move(context.observe));
}

}  // namespace cistern
