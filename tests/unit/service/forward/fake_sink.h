// A destination in memory that fails on command.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "service/forward/make_sink.h"

namespace cistern {

// What all sinks of a test talk to. Threads: any.
class FakeDestination {
 public:
  // The next deliveries fail like this, first come, first served.
  void FailNext(Failure failure, std::size_t taken_before = 0) {
    const std::lock_guard lock(mutex_);
    failures_.push_back({std::move(failure), taken_before});
  }
  // Messages that are refused for good.
  void Refuse(const std::string& message) {
    const std::lock_guard lock(mutex_);
    refused_.insert(message);
  }
  void Accept(const std::string& message) {
    const std::lock_guard lock(mutex_);
    refused_.erase(message);
  }
  // Deliver() waits for Stop from now on.
  void Hang(bool hang) {
    const std::lock_guard lock(mutex_);
    hang_ = hang;
    hang_next_ = false;
  }
  // Likewise, once what was to fail has failed.
  void HangAfterFailures() {
    const std::lock_guard lock(mutex_);
    hang_next_ = true;
  }
  void WaitUntilHung() {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return hung_; });
  }
  void HoldBehind(std::optional<RecordId> id) {
    const std::lock_guard lock(mutex_);
    held_ = id;
  }
  // What the next sink finds as its saved state decides where it resumes.
  void ResumeFromState(bool on) {
    const std::lock_guard lock(mutex_);
    resume_ = on;
  }
  // Waits until so many messages arrived.
  std::vector<std::string> WaitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::seconds(20), [&] { return messages_.size() >= count; });
    return messages_;
  }
  std::vector<SinkContext> contexts() {
    const std::lock_guard lock(mutex_);
    return contexts_;
  }

  MadeSink Make(const v1::Target&, SinkContext context) {
    const std::lock_guard lock(mutex_);
    contexts_.push_back(context);
    if (make_failure_) return *make_failure_;
    return std::unique_ptr<Sink>(std::make_unique<FakeSink>(*this, std::move(context)));
  }
  void FailToMake(std::optional<Failure> failure) {
    const std::lock_guard lock(mutex_);
    make_failure_ = std::move(failure);
  }

 private:
  class FakeSink final : public Sink {
   public:
    FakeSink(FakeDestination& to, SinkContext context) : to_(to), context_(std::move(context)) {}
    Delivery Deliver(const Chunk& chunk, const Stop& stop) override { return to_.Take(chunk, stop, *this); }
    std::optional<RecordId> HeldBehind() const override {
      const std::lock_guard lock(to_.mutex_);
      return to_.held_;
    }
    std::optional<RecordId> ResumeBehind() const override {
      const std::lock_guard lock(to_.mutex_);
      if (!to_.resume_ || context_.saved_state.empty()) return std::nullopt;
      return RecordId{std::stoull(context_.saved_state)};
    }
    std::string SaveState() const override { return state_; }

    FakeDestination& to_;
    const SinkContext context_;
    std::string state_;
  };
  struct Planned {
    Failure failure;
    std::size_t taken_before = 0;
  };

  Delivery Take(const Chunk& chunk, const Stop& stop, FakeSink& sink) {
    std::unique_lock lock(mutex_);
    if (hang_ || (hang_next_ && failures_.empty())) {
      hung_ = true;
      arrived_.notify_all();
      lock.unlock();
      const WithoutBatch wait(chunk);
      stop.WaitUntil(std::chrono::steady_clock::now() + std::chrono::seconds(60));
      return {.failure = Failure{FailureReason::kStopped, "stopped"}};
    }
    std::size_t most = chunk.rows.size();
    Delivery delivery;
    if (!failures_.empty()) {
      most = std::min(most, failures_.front().taken_before);
      delivery.failure = failures_.front().failure;
      failures_.pop_front();
    }
    for (const std::uint32_t row : chunk.rows.first(most)) {
      const Record record = chunk.view.Row(row);
      const std::string message(record.message);
      if (refused_.contains(message)) {
        delivery.refused.push_back({record.id, "too strange"});
      } else {
        messages_.push_back(message);
        delivery.bytes += message.size();
        if (sink.state_.empty()) sink.state_ = std::to_string(ToInt(record.id) - 1);
      }
      ++delivery.taken;
    }
    arrived_.notify_all();
    return delivery;
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Planned> failures_;
  std::set<std::string> refused_;
  std::vector<std::string> messages_;
  std::vector<SinkContext> contexts_;
  std::optional<Failure> make_failure_;
  std::optional<RecordId> held_;
  bool hang_ = false, hang_next_ = false, hung_ = false, resume_ = false;
};

}  // namespace cistern
