// Receives the datagrams of one UDP or Unix socket.
//
// Threads: a receive thread (recvmmsg, one clock reading a call, octets into the batch's arena) and a parse
// thread (header fields, push). One queue between them keeps the order. While traffic flows the receive
// thread naps after a call that was not full, so that datagrams are taken many at a time; else it blocks in
// poll(). When the sink stays full, datagrams are dropped and counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "ingest/net/append.h"
#include "ingest/net/datagram_slots.h"
#include "ingest/net/hand_over.h"
#include "ingest/net/sender_rules.h"
#include "ingest/net/sink.h"
#include "ingest/net/socket_util.h"

namespace cistern {

// What may change while the socket stays open.
struct DatagramSettings {
  std::size_t max_message = 0;
  std::shared_ptr<const ZoneTable> zones;  // not null
  std::shared_ptr<const Zone> zone;        // of the listener; may be null
  SenderRules senders;
};

class DatagramReceiver {
 public:
  using Clock = std::chrono::steady_clock;

  // `sink` and `events` outlive it. Nothing runs before Start().
  DatagramReceiver(UniqueFd socket, Transport transport, std::string listener, DatagramSettings settings,
                   BatchSink& sink, IngestEvents& events);
  ~DatagramReceiver();

  void Start();
  // From any thread; holds for the datagrams that are received next.
  void Apply(DatagramSettings settings);
  // From any thread: takes what the kernel holds, pushes it, at most until `deadline`; then both threads end.
  void Stop(Clock::time_point deadline);
  void Join();

  int socket() const { return socket_.get(); }
  std::uint64_t kernel_drops() const { return kernel_drops_.load(std::memory_order_relaxed); }
  std::uint64_t denied() const { return denied_.load(std::memory_order_relaxed); }

 private:
  void ReceiveLoop();
  void Receive(const DatagramSlots& slots, int count);
  void Append(std::string_view octets, bool truncated, std::int64_t received, const Origin& origin);
  void CountDropped(std::uint64_t empty, std::uint64_t denied, const Peer& last_denied);
  bool MayGoOn(int received_now);
  bool BatchIsDue() const;
  void HandOverBatch();
  void WaitForDatagram();
  void ReportKernelDrops();
  void ParseLoop();
  void Parse(RecordBatch& batch);
  void Push(std::unique_ptr<RecordBatch> batch);
  std::shared_ptr<const DatagramSettings> settings() const;

  // Constant after construction.
  UniqueFd socket_;
  UniqueFd wake_;  // eventfd: ends the poll
  const Transport transport_;
  const std::string listener_;
  BatchSink& sink_;
  IngestEvents& events_;

  std::atomic<bool> stopping_{false};
  std::atomic<Clock::rep> deadline_{Clock::time_point::max().time_since_epoch().count()};
  std::atomic<std::uint64_t> kernel_drops_{0}, denied_{0};
  std::atomic<std::uint64_t> settings_version_{0};
  HandOver hand_over_;

  mutable std::mutex mutex_;
  std::shared_ptr<const DatagramSettings> settings_;  // guarded by mutex_

  // Receive thread only.
  std::shared_ptr<const DatagramSettings> receiving_;  // as of settings_version_
  std::unique_ptr<RecordBatch> batch_;
  Clock::time_point batch_begun_;
  std::uint32_t kernel_counter_ = 0;
  std::size_t stop_budget_ = 0;  // octets still read after Stop()

  // Parse thread only.
  bool sink_full_ = false;

  std::thread receive_thread_;
  std::thread parse_thread_;
};

}  // namespace cistern
