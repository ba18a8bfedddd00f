#include "ingest/net/io_thread.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "ingest/net/connection.h"

namespace cistern {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kBatchRecords = 2048;
constexpr std::size_t kBatchBytes = 512 * 1024;
// A small batch waits this long for company: fewer, larger commits for a delay nobody sees.
constexpr std::chrono::milliseconds kFlushDelay{3};
// A wake-up and a read for each message of senders that write them one by one cost more than all the rest.
constexpr std::chrono::milliseconds kNap{8};
constexpr std::size_t kBusyOctets = 48 * 1024;
// A turn is over behind so many, or those that rest would wait for one that floods.
constexpr std::size_t kTurnOctets = 1024 * 1024;
// After a wake-up that brought no space: others were faster, or the pipeline is going down.
constexpr std::chrono::milliseconds kRetryDelay{1};

}  // namespace

IoThread::IoThread(BatchSink& sink, IngestEvents& events)
    : sink_(sink),
      events_(events),
      context_(1),
      work_(context_.get_executor()),
      flush_timer_(context_),
      space_gate_(context_, Clock::time_point::max()),
      turn_gate_(context_, Clock::time_point::max()),
      retry_timer_(context_),
      tick_timer_(context_),
      drain_timer_(context_) {}

IoThread::~IoThread() { Join(); }

void IoThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

// Everything that is ready, then a nap if that was little: a sender's next messages are read together. What
// was read does not wait for company then: the nap is longer.
void IoThread::Run() {
  while (context_.run_one() != 0) {
    while (octets_read_ < kTurnOctets && context_.poll_one() != 0) {
    }
    const std::size_t octets = std::exchange(octets_read_, 0);
    napped_ = octets > 0 && octets < kBusyOctets;
    if (batch_ && !batch_->empty() && !blocked_) napped_ ? Flush() : FlushSoon();
    if (napped_) std::this_thread::sleep_for(kNap);
    turn_gate_.cancel();
  }
}

void IoThread::Join() {
  if (thread_.joinable()) thread_.join();
}

void IoThread::Adopt(UniqueFd socket, std::shared_ptr<StreamListener> listener, Arrival arrival) {
  load_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, socket = std::move(socket), listener = std::move(listener), arrival]() mutable {
    Serve(std::move(socket), std::move(listener), arrival);
  });
}

void IoThread::Serve(UniqueFd socket, std::shared_ptr<StreamListener> listener, Arrival arrival) {
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(listener), arrival);
  const bool first = connections_.empty();
  connections_.insert(connection);
  if (draining_ || connection->listener().retired()) connection->RequestDrain();
  if (const auto tick = connection->TickInterval(); first || tick < tick_) {
    tick_ = tick;
    ScheduleTick();
  }
  asio::co_spawn(context_, RunConnection(std::move(connection), *this), asio::detached);
}

void IoThread::Forget(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  load_.fetch_sub(1, std::memory_order_relaxed);
  if (draining_) FinishIfDrained();
}

RecordBatch& IoThread::batch() {
  if (!batch_) {
    batch_ = sink_.NewBatch();
    ++batch_serial_;
  }
  return *batch_;
}

void IoThread::BatchChanged(std::size_t octets) {
  octets_read_ += octets;
  if (blocked_ || !batch_ || batch_->empty()) return;
  if (batch_->size() >= kBatchRecords || batch_->bytes() >= kBatchBytes) {
    Flush();
  } else if (octets_read_ >= kBusyOctets) {
    FlushSoon();  // this turn may last
  }
}

void IoThread::FlushSoon() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  flush_timer_.expires_after(kFlushDelay);
  flush_timer_.async_wait([this](boost::system::error_code) {
    flush_scheduled_ = false;
    if (!blocked_) Flush();
  });
}

void IoThread::Flush() {
  if (!batch_ || batch_->empty() || PushBatch() || out_of_time_) return;
  blocked_ = true;
  AskForSpace();
}

bool IoThread::PushBatch() {
  if (!sink_.TryPush(batch_)) return false;
  batch_.reset();
  return true;
}

void IoThread::AskForSpace() {
  // The sink may call back long after this thread has ended.
  sink_.NotifyWhenSpace([weak = weak_from_this()] {
    // Not the shared pointer: in the queue of its own context it would keep itself alive.
    if (const auto self = weak.lock()) asio::post(self->context_, [self = self.get()] { self->OnSpace(); });
  });
}

void IoThread::OnSpace() {
  if (!blocked_ || out_of_time_) return;
  if (PushBatch()) {
    blocked_ = false;
    resumed_at_ = Clock::now();
    space_gate_.cancel();
    if (draining_) FinishIfDrained();
    return;
  }
  retry_timer_.expires_after(kRetryDelay);
  retry_timer_.async_wait([this](boost::system::error_code) {
    if (blocked_ && !out_of_time_) AskForSpace();
  });
}

asio::awaitable<void> IoThread::Rest() {
  co_await turn_gate_.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> IoThread::WaitForSpace() {
  while (blocked_ && !out_of_time_) co_await space_gate_.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Looks for passed deadlines once per tick, which is a fraction of the shortest timeout and at most a second.
// Runs only while there are connections: an idle daemon does not wake up.
void IoThread::ScheduleTick() {
  if (connections_.empty()) return;
  tick_timer_.expires_after(tick_);
  tick_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) Tick();
  });
}

void IoThread::Tick() {
  const auto now = Clock::now();
  tick_ = std::chrono::seconds(1);
  for (const auto& connection : connections_) {
    tick_ = std::min(tick_, connection->TickInterval());
    if (!blocked_) connection->CheckTimeouts(now);
  }
  ScheduleTick();
}

void IoThread::DrainConnections(std::shared_ptr<StreamListener> listener) {
  asio::post(context_, [this, listener = std::move(listener)] {
    for (const auto& connection : connections_) {
      if (&connection->listener() == listener.get()) connection->RequestDrain();
    }
    Tick();
  });
}

void IoThread::Drain(Clock::time_point deadline) {
  asio::post(context_, [this, deadline] { BeginDrain(deadline); });
}

void IoThread::BeginDrain(Clock::time_point deadline) {
  draining_ = true;
  drain_timer_.expires_at(deadline);
  drain_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) OnDrainDeadline();
  });
  for (const auto& connection : connections_) connection->RequestDrain();
  Tick();
  FinishIfDrained();
}

void IoThread::OnDrainDeadline() {
  out_of_time_ = true;
  space_gate_.cancel();
  for (const auto& connection : connections_) connection->RequestDrain();
  FinishIfDrained();
}

// Ends the thread when no connection is left, none is on its way, and the last batch is pushed or given up.
void IoThread::FinishIfDrained() {
  if (load() > 0) return;
  if (!blocked_ || out_of_time_) Flush();
  if (blocked_ && !out_of_time_) return;
  if (batch_ && !batch_->empty()) events_.Dropped(DropReason::kShutdown, batch_->size());
  batch_.reset();
  for (auto* timer : {&flush_timer_, &retry_timer_, &tick_timer_, &drain_timer_}) timer->cancel();
  work_.reset();
}

}  // namespace cistern
