// One thread that serves TCP and TLS connections, and the batch that they fill together.
//
// Flow: a connection appends records to batch() and calls BatchChanged(). The batch is pushed when it is
// large or a few milliseconds old. When the sink is full the thread reads from none of its connections until
// the sink wakes it: the kernel's buffers fill and the senders wait. Threads: Adopt, DrainConnections, Drain,
// Join, load and context from any thread; all else on its own.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <unordered_set>

#include "ingest/net/sink.h"
#include "ingest/net/socket_util.h"
#include "ingest/net/stream_listener.h"

namespace cistern {

class Connection;

class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  using Clock = std::chrono::steady_clock;

  // `sink` and `events` outlive it.
  IoThread(BatchSink& sink, IngestEvents& events);
  ~IoThread();

  void Start();
  boost::asio::io_context& context() { return context_; }
  // Connections that it serves or is about to.
  int load() const { return load_.load(std::memory_order_relaxed); }
  // Serves an accepted connection, already admitted by `listener`.
  void Adopt(UniqueFd socket, std::shared_ptr<StreamListener> listener, Arrival arrival);
  // Reads what the kernel holds for the connections of `listener` and closes them.
  void DrainConnections(std::shared_ptr<StreamListener> listener);
  // As DrainConnections for all, pushes everything at most until `deadline`, then the thread ends.
  void Drain(Clock::time_point deadline);
  void Join();

  RecordBatch& batch();
  // Changes whenever batch() is another one than before.
  std::uint64_t batch_serial() const { return batch_serial_; }
  // After a read of `octets`, whatever came of it: pushes the batch if it is large, else soon.
  void BatchChanged(std::size_t octets);
  bool blocked() const { return blocked_; }
  // Since when connections are read again after the sink was full: idle time counts from here.
  Clock::time_point resumed_at() const { return resumed_at_; }
  // Until this turn is over.
  boost::asio::awaitable<void> Rest();
  // At the end of the last turn, so that something may have come meanwhile.
  bool napped() const { return napped_; }
  // Waits while blocked().
  boost::asio::awaitable<void> WaitForSpace();
  void Forget(const std::shared_ptr<Connection>& connection);
  IngestEvents& events() { return events_; }
  // Past the drain deadline: nothing waits any more.
  bool out_of_time() const { return out_of_time_; }

 private:
  void Run();
  void Serve(UniqueFd socket, std::shared_ptr<StreamListener> listener, Arrival arrival);
  void Flush();
  void FlushSoon();
  void AskForSpace();
  void OnSpace();
  bool PushBatch();
  void ScheduleTick();
  void Tick();
  void BeginDrain(Clock::time_point deadline);
  void OnDrainDeadline();
  void FinishIfDrained();

  // Constant after construction.
  BatchSink& sink_;
  IngestEvents& events_;

  std::atomic<int> load_{0};
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;

  // Own thread only.
  std::unique_ptr<RecordBatch> batch_;
  std::uint64_t batch_serial_ = 0;
  std::size_t octets_read_ = 0;  // since the thread last waited
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  boost::asio::steady_timer flush_timer_;
  boost::asio::steady_timer space_gate_;  // never expires; cancelled when space came
  boost::asio::steady_timer turn_gate_;   // the same, when a turn is over
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer drain_timer_;
  Clock::time_point resumed_at_{};
  std::chrono::milliseconds tick_{};
  bool napped_ = false;
  bool flush_scheduled_ = false;
  bool blocked_ = false;
  bool draining_ = false;
  bool out_of_time_ = false;
};

}  // namespace cistern
