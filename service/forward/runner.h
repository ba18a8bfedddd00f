// Runs one target: reads what matches from the store and gives it to the sink, on a thread of its own.
//
// After a failure it waits, lets go of everything it read, and goes on where the sink says. Records that are
// refused for good become dead letters, and the rest goes on.
// Threads: one inside; the methods on any. Memory: what the sink keeps, and a stored batch while it has one
// of
//   the places that all targets share.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "service/forward/backoff.h"
#include "service/forward/chunk_reader.h"
#include "service/forward/dead_letters.h"
#include "service/forward/figures.h"
#include "service/forward/make_sink.h"
#include "service/forward/stop.h"

namespace cistern {

// What all runners share. Outlives them.
struct RunnerContext {
  Store& store;
  std::string store_dir;  // no target may write there
  WallClock clock;
  std::function<MadeSink(const v1::Target& target, SinkContext context)> make_sink;
  std::function<bool(const std::string& protocol, const std::string& address, std::uint16_t port)>
      is_own_address;
  // At most about 56 MiB.
  std::shared_ptr<ReadPlaces> places = std::make_shared<ReadPlaces>(4);
};

// How far a target has come; what a restart needs.
struct TargetProgress {
  RecordId position{};
  bool paused = false;
  std::uint64_t epoch = 0;
  std::string sink_state;
};

// That a sink has to end its connection in order when its target is paused or changed.
inline constexpr std::chrono::seconds kEndTime{2};

// What became of letters that were to be delivered again.
struct LetterOutcome {
  std::uint64_t done = 0, refused = 0, lost = 0;
  std::string error;  // why the rest was not tried; empty: all were
};

class TargetRunner {
 public:
  // Starts the thread.
  TargetRunner(const RunnerContext& context, std::shared_ptr<const v1::Target> definition,
               TargetProgress progress);
  ~TargetRunner();

  // Tells the thread to end, and does not wait for it.
  void BeginEnd(std::chrono::steady_clock::time_point deadline);
  // Ends the thread; the sink may use the time until `deadline` to end its connection in order. Then
  // progress() is final.
  void End(std::chrono::steady_clock::time_point deadline);
  // The thread is told and does so soon.
  void SetPaused(bool paused);

  TargetFigures figures() const;
  TargetProgress progress() const;
  // As progress(), if it changed since the last call.
  std::optional<TargetProgress> TakeProgress();
  // The last TakeProgress() was not written.
  void KeepProgress();

  DeadLetters& letters() { return letters_; }
  // Delivers letters again, on the thread of the target; none named: all. A delivery under way is
  // interrupted. Blocks; the destination's timeouts bound it.
  LetterOutcome RetryLetters(std::vector<RecordId> ids);

 private:
  struct LetterOrder {
    std::vector<RecordId> ids;
    std::promise<LetterOutcome> outcome;
  };

  void Run();
  bool TakeOrders();
  bool MakeReady();
  bool MakeOwnSink();
  void Turn();
  void Deliver();
  void Idle(RecordId stored);
  bool IdleTurn();
  std::size_t Allowance();
  bool BuryAll();
  bool Bury(const std::vector<Refusal>& refused);
  void Succeeded(std::size_t records, std::uint64_t bytes);
  void Recovered();
  void Failed(const Failure& failure);
  void NoteReader();
  void Publish(bool at_once);
  void SetState(TargetState state);
  void Leave();
  void RefuseLetterOrders(const std::string& why);

  // letters, on the thread
  void ServeLetters();
  bool HasLetterOrders() const;
  Result<std::vector<RecordId>> LettersOf(std::vector<RecordId> ids);
  LetterOutcome RetryNow(std::vector<RecordId> ids);
  bool RetryIn(StoredBatch& batch, std::vector<std::uint32_t> rows, LetterOutcome& outcome);

  // Constant.
  const RunnerContext& context_;
  const std::shared_ptr<const v1::Target> definition_;
  const Filter filter_, own_;
  DeadLetters letters_;

  // Thread only.
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<ChunkReader> reader_;
  RecordId gaps_through_{};        // what is missing up to here was counted
  RecordId read_from_{};           // where a new reader starts
  std::vector<Refusal> unburied_;  // found by Idle(), not written down yet
  Backoff backoff_;
  std::chrono::steady_clock::time_point retry_at_{}, published_{}, sampled_{};
  std::chrono::steady_clock::time_point tokens_at_{};
  double tokens_ = 0;
  bool failing_ = false, paused_now_ = false;
  std::deque<std::uint64_t> samples_;  // sent_records, each second

  Stop stop_;
  mutable std::mutex mutex_;  // guards the rest; a leaf
  TargetFigures figures_;
  TargetProgress progress_;
  bool progress_changed_ = true, ending_ = false, ended_ = false;
  std::chrono::steady_clock::time_point deadline_{};
  std::vector<LetterOrder> letter_orders_;

  std::thread thread_;
};

}  // namespace cistern
