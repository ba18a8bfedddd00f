// The common part of server-streaming calls: a small state machine around gRPC's write reactor.
//
//   running --kWrite--> writing --OnWriteDone--> running      (each `running` is one task on the worker pool)
//   running --kWait---> waiting --Wake()/tick--> running
//   running --kDone---> finished
//
// No thread waits for a client: while a write is under way the call owns one message and nothing else.
// Lifetime: the object holds itself until gRPC reports OnDone; tasks hold a shared_ptr.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include "service/control/call_watch.h"
#include "service/control/worker_pool.h"

namespace cistern {

// What the service keeps of every open stream, to wake and to end them.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  // New records were committed.
  virtual void Wake() = 0;
  // Once a second: progress messages, stuck writes.
  virtual void Tick() = 0;
  // The server drains: finish with UNAVAILABLE soon.
  virtual void Drain() = 0;
};

template <class Response>
class StreamCall : public grpc::ServerWriteReactor<Response>,
                   public OpenStream,
                   public std::enable_shared_from_this<StreamCall<Response>> {
 public:
  // A write that the client does not take for `stuck_limit` ends the call (0: never). `rpc` is gRPC's, valid
  // until OnDone.
  StreamCall(WorkerPool& pool, grpc::CallbackServerContext* rpc, std::chrono::seconds stuck_limit)
      : pool_(pool), rpc_(rpc), facts_(FactsOf(*rpc)), stuck_limit_(stuck_limit) {}

  // Call once, when owned by a shared_ptr.
  void Begin() {
    self_ = this->shared_from_this();
    std::lock_guard lock(mutex_);
    ScheduleLocked();
  }

  void Wake() final {
    std::lock_guard lock(mutex_);
    if (state_ == State::kWaiting) {
      ScheduleLocked();
    } else {
      woken_ = true;
    }
  }

  void Drain() final {
    draining_.store(true, std::memory_order_release);
    Wake();
  }

  void Tick() final {
    const bool revoked = facts_ && facts_->revoked();
    if (revoked) EndRevoked();
    {
      std::lock_guard lock(mutex_);
      if (state_ == State::kWaiting && WantsTick()) ScheduleLocked();
      if (state_ != State::kWriting) return;
      const auto waited = std::chrono::steady_clock::now() - writing_since_;
      if (waited >= kSlowWrite) ReleaseMemory();
      const std::chrono::seconds limit = revoked ? kRevokedWrite : stuck_limit_;
      if (limit.count() == 0 || waited < limit) return;
    }
    rpc_->TryCancel();
  }

  // gRPC
  void OnWriteDone(bool ok) final {
    if (!ok) return FinishOnce(State::kWriting, grpc::Status::CANCELLED);
    OnSent();
    std::lock_guard lock(mutex_);
    ScheduleLocked();
  }
  void OnCancel() final {
    cancelled_.store(true, std::memory_order_release);
    FinishOnce(State::kWaiting, grpc::Status::CANCELLED);  // in other states the next step sees it
  }
  void OnDone() final {
    Closed();
    auto last = std::move(self_);  // a task may still hold another reference
  }

 protected:
  enum class Step { kWrite, kWait, kAgain, kDone };

  // One piece of work on the pool. kWrite sends `response()`; kDone ends with `status`.
  virtual Step Run(grpc::Status& status) = 0;
  // The message of the last kWrite has left.
  virtual void OnSent() {}
  // The call is over; gRPC will not touch it again.
  virtual void Closed() = 0;
  // Whether a waiting call wants to run at this tick. Called with the lock held; must be cheap.
  virtual bool WantsTick() { return false; }
  // The client does not take the last message; called again and again until it does. Gives back what can be
  // had again. No Run() is under way, and none begins before this returns; called with the lock held.
  virtual void ReleaseMemory() {}

  Response& response() { return response_; }
  // Null in tests without a server.
  const CallFacts* facts() const { return facts_.get(); }
  const std::atomic<bool>& cancelled() const { return cancelled_; }
  bool draining() const { return draining_.load(std::memory_order_acquire); }

 private:
  enum class State { kRunning, kWriting, kWaiting, kFinished };
  static constexpr std::chrono::seconds kSlowWrite{1}, kRevokedWrite{10};

  void ScheduleLocked() {
    if (state_ == State::kFinished) return;
    state_ = State::kRunning;
    woken_ = false;
    pool_.Post([self = this->shared_from_this()] { self->RunTask(); });
  }

  void RunTask() {
    grpc::Status status;
    Step step = Step::kDone;
    if (cancelled_.load(std::memory_order_acquire)) {
      status = grpc::Status::CANCELLED;
    } else if (!facts_ || !facts_->revoked()) {
      step = Run(status);
    }
    if (const auto why = facts_ ? facts_->revoked() : std::nullopt) {
      step = Step::kDone;
      status = *why;
    }
    if (step == Step::kDone) return FinishOnce(State::kRunning, status);
    if (step == Step::kWrite) {
      {
        std::lock_guard lock(mutex_);
        state_ = State::kWriting;
        writing_since_ = std::chrono::steady_clock::now();
      }
      this->StartWrite(&response_);  // not under the lock: gRPC may call back from here
      return;
    }
    std::unique_lock lock(mutex_);
    if (step == Step::kAgain || woken_) return ScheduleLocked();
    state_ = State::kWaiting;
    lock.unlock();
    const bool revoked = facts_ && facts_->revoked();  // the next tick ends it
    if (cancelled_.load(std::memory_order_acquire) && !revoked)
      FinishOnce(State::kWaiting, grpc::Status::CANCELLED);
  }

  // What runs stops soon and sees why; what waits runs for that.
  void EndRevoked() {
    cancelled_.store(true, std::memory_order_release);
    std::lock_guard lock(mutex_);
    if (state_ == State::kWaiting) ScheduleLocked();
  }

  // Finishes if the call is still in state `from`; otherwise somebody else is at work on it and will.
  void FinishOnce(State from, const grpc::Status& status) {
    {
      std::lock_guard lock(mutex_);
      if (state_ != from) return;
      state_ = State::kFinished;
    }
    this->Finish(status);
  }

  WorkerPool& pool_;
  grpc::CallbackServerContext* const rpc_;
  const std::shared_ptr<const CallFacts> facts_;
  const std::chrono::seconds stuck_limit_;
  std::shared_ptr<StreamCall> self_;
  Response response_;  // owned by the running task, or by gRPC while writing
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> draining_{false};
  std::mutex mutex_;
  State state_ = State::kRunning;                        // guarded by mutex_
  bool woken_ = false;                                   // guarded by mutex_
  std::chrono::steady_clock::time_point writing_since_;  // guarded by mutex_
};

}  // namespace cistern
