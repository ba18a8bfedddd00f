// From the network to the store: the queue, the writer thread, and the books.
//
// Threads: one writer thread, the only one that calls Store::Append, Reopen, ApplyRetention and Idle.
// BatchSink and IngestEvents methods run on network and gRPC threads. Failure: while the disk is full or the
// store has failed the writer keeps its batch and tries again; the queue fills, stream senders wait and
// datagrams are dropped and counted. Nothing that was accepted is thrown away before the drain deadline.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ingest/net/sink.h"
#include "service/metrics/ledger.h"
#include "service/pipeline/batch_pool.h"
#include "service/pipeline/ingest_queue.h"
#include "service/pipeline/sender_table.h"
#include "storage/store.h"

namespace cistern {

class IngestRules;
struct IngestOutcome;
struct IngestRuleFigures;

// State of one certificate pair, for metrics.
struct CertificateState {
  std::int64_t not_after = 0;  // Unix seconds
  bool stale = false;          // the newest files on disk were refused
};

class Pipeline final : public BatchSink, public IngestEvents {
 public:
  struct Options {
    IngestQueue::Limits queue;
    // Called with the seconds each commit took; may be empty.
    std::function<void(double)> observe_commit;
  };

  // `store` outlives the pipeline.
  Pipeline(Store& store, Options options);
  ~Pipeline() override;

  void Start();
  // Commits what is queued, at most until `deadline`; what is left is counted as dropped{shutdown}.
  void Stop(std::chrono::steady_clock::time_point deadline);

  // The ingest rules from the next commit on; imported records pass them by. State goes on where a rule stays
  // the same; what a rule that is gone was waiting for ends. Null: none. Any thread.
  void SetIngestRules(std::shared_ptr<IngestRules> rules);
  // Ends what the rules wait for, once what was pushed before is stored; at most until `deadline`. So that
  // what they have to say can still be written before Stop().
  void EndRuleWaits(std::chrono::steady_clock::time_point deadline);
  // Of the rules in force.
  std::vector<IngestRuleFigures> ingest_rule_figures() const;

  // For gRPC Ingest: as TryPush, with the client's sequence and a callback after the commit.
  bool TryPushAcknowledged(QueueItem& item) { return queue_.TryPush(item); }

  // BatchSink
  std::unique_ptr<RecordBatch> NewBatch() override { return pool_->Take(); }
  bool TryPush(std::unique_ptr<RecordBatch>& batch) override;
  void NotifyWhenSpace(std::function<void()> wake) override { queue_.NotifyWhenSpace(std::move(wake)); }

  // IngestEvents
  void Received(Transport transport, std::uint64_t messages, std::uint64_t octets) override;
  void Dropped(DropReason reason, std::uint64_t messages) override;
  void DatagramsDenied(std::string_view listener, const std::string& peer, std::uint64_t messages) override;
  void KernelDrops(std::string_view listener, std::uint64_t datagrams) override;
  void ConnectionOpened(std::string_view listener) override;
  void ConnectionClosed(std::string_view listener, const std::string& peer, CloseReason reason,
                        std::string_view detail, bool was_open) override;
  void CertificateLoaded(std::string_view listener, std::int64_t not_after_unix,
                         const std::string& error) override;

  // Empty while the store takes writes, else why not, in a few words.
  std::string degraded() const;
  bool is_degraded() const { return degraded_.load(std::memory_order_acquire); }

  Ledger& ledger() { return ledger_; }
  SenderTable& senders() { return senders_; }
  IngestQueue& queue() { return queue_; }
  std::unordered_map<std::string, CertificateState> certificates() const;

 private:
  void Run();
  void CommitBatches(std::vector<QueueItem> items);
  void Commit(std::vector<QueueItem> items);
  // ingest_rules_step.cc; writer thread.
  void ApplyRules(const std::vector<QueueItem>& items);
  void TakeNewRules();
  void TickRules();
  void FinishRules();
  void EndWaits(IngestRules& rules, const std::function<void(RecordBatch& out, IngestOutcome& outcome)>& end);
  void Enter(const IngestOutcome& outcome);
  Result<CommitResult> AppendUntilDone(const std::vector<RecordBatch*>& batches,
                                       const std::vector<ClientSequence>& sequences,
                                       const std::shared_ptr<const void>& owner);
  bool GiveUp() const;
  void SetDegraded(const boost::system::error_code& error);
  void ClearDegraded();
  void Account(const RecordBatch& batch, bool imported);
  void Housekeeping();
  void LogThrottled(std::string key, const std::string& line);

  Store& store_;
  const std::function<void(double)> observe_commit_;
  const std::shared_ptr<BatchPool> pool_ = std::make_shared<BatchPool>();
  IngestQueue queue_;
  Ledger ledger_;
  SenderTable senders_;
  std::thread writer_;
  std::atomic<bool> degraded_{false};
  std::atomic<std::int64_t> give_up_at_{INT64_MAX};         // steady clock ns; set by Stop
  std::chrono::steady_clock::time_point next_retention_{};  // writer thread only
  std::shared_ptr<IngestRules> rules_;                      // writer thread only
  std::int64_t last_received_ = 0;  // ns, of what went through the rules; writer thread only
  // Why Stop() had to give a batch up; writer thread only.
  std::optional<boost::system::error_code> given_up_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<IngestRules> shown_rules_;   // in use, with the figures of those before
  std::shared_ptr<IngestRules> newest_rules_;  // what rules_ is, or becomes with the next commit
  bool rules_changed_ = false;
  std::string degraded_reason_;
  std::unordered_map<std::string, CertificateState> certificates_;
  std::unordered_map<std::string, std::pair<std::chrono::steady_clock::time_point, std::uint64_t>> throttle_;
};

}  // namespace cistern
