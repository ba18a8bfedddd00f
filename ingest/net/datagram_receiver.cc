#include "ingest/net/datagram_receiver.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ingest/message/wall_time.h"
#include "ingest/net/blocking_push.h"
#include "ingest/parse/parser.h"

namespace cistern {
namespace {

constexpr std::chrono::microseconds kNap{200};
// After a failed receive: errors of a datagram socket pass, but must not spin.
constexpr std::chrono::milliseconds kErrorPause{10};
constexpr std::size_t kBatchRecords = 2048;
constexpr std::size_t kBatchBytes = 512 * 1024;
// A batch waits this long for company while datagrams keep coming.
constexpr std::chrono::milliseconds kBatchAge{4};
// How long a full sink is waited for before datagrams are dropped: a commit that takes a little longer loses
// nothing. Once dropping, every batch is dropped at once until the sink takes one.
constexpr std::chrono::milliseconds kSinkPatience{50};
// A sender that never stops cannot hold up Stop(): more than the largest socket buffer is not read.
constexpr std::size_t kStopBudget = 64 * 1024 * 1024;

}  // namespace

DatagramReceiver::DatagramReceiver(UniqueFd socket, Transport transport, std::string listener,
                                   DatagramSettings settings, BatchSink& sink, IngestEvents& events)
    : socket_(std::move(socket)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      transport_(transport),
      listener_(std::move(listener)),
      sink_(sink),
      events_(events),
      settings_(std::make_shared<const DatagramSettings>(std::move(settings))),
      kernel_counter_(KernelDropCount(socket_.get())),
      stop_budget_(kStopBudget) {}

DatagramReceiver::~DatagramReceiver() {
  Stop(Clock::now());
  Join();
}

void DatagramReceiver::Start() {
  receive_thread_ = std::thread([this] { ReceiveLoop(); });
  parse_thread_ = std::thread([this] { ParseLoop(); });
}

void DatagramReceiver::Apply(DatagramSettings settings) {
  auto shared = std::make_shared<const DatagramSettings>(std::move(settings));
  const std::lock_guard lock(mutex_);
  settings_ = std::move(shared);
  settings_version_.fetch_add(1, std::memory_order_release);
}

void DatagramReceiver::Stop(Clock::time_point deadline) {
  if (stopping_.load()) return;
  deadline_.store(deadline.time_since_epoch().count());
  stopping_.store(true);
  ::eventfd_write(wake_.get(), 1);
}

void DatagramReceiver::Join() {
  if (receive_thread_.joinable()) receive_thread_.join();
  if (parse_thread_.joinable()) parse_thread_.join();
}

std::shared_ptr<const DatagramSettings> DatagramReceiver::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void DatagramReceiver::ReceiveLoop() {
  std::optional<DatagramSlots> slots;
  std::uint64_t version = 0;
  for (;;) {
    if (const auto now = settings_version_.load(std::memory_order_acquire); !slots || now != version) {
      version = now;
      receiving_ = settings();
      slots.emplace(receiving_->max_message);
    }
    const int count = slots->Receive(socket_.get());
    if (count > 0) Receive(*slots, count);
    if (!MayGoOn(count)) break;
    if (BatchIsDue()) HandOverBatch();
    if (count == 0) WaitForDatagram();
    if (count < 0) std::this_thread::sleep_for(kErrorPause);
    if (count > 0 && count < DatagramSlots::kSlots && !stopping_.load()) std::this_thread::sleep_for(kNap);
  }
  HandOverBatch();
  hand_over_.Close();
}

bool DatagramReceiver::BatchIsDue() const {
  return batch_ && (batch_->size() >= kBatchRecords || batch_->bytes() >= kBatchBytes ||
                    Clock::now() - batch_begun_ >= kBatchAge);
}

// False once stopping and the kernel holds nothing more, or the time or the budget is used up.
bool DatagramReceiver::MayGoOn(int received_now) {
  if (!stopping_.load()) return true;
  const Clock::time_point deadline{Clock::duration(deadline_.load())};
  return received_now > 0 && stop_budget_ > 0 && Clock::now() < deadline;
}

void DatagramReceiver::Receive(const DatagramSlots& slots, int count) {
  const std::int64_t received = WallTime();
  if (!batch_) {
    batch_ = sink_.NewBatch();
    batch_begun_ = Clock::now();
  }
  Origin origin{.transport = transport_, .listener = batch_->Intern(listener_)};
  std::uint64_t octets = 0;
  std::uint64_t empty = 0;
  std::uint64_t denied = 0;
  Peer last_denied;
  for (int i = 0; i < count; ++i) {
    const std::string_view datagram = slots.octets(i);
    octets += datagram.size();
    const Peer peer = PeerOf(slots.source(i));
    if (!receiving_->senders.Allows(peer.address)) {
      ++denied;
      last_denied = peer;
      continue;
    }
    if (IsBlank(datagram)) {
      ++empty;
      continue;
    }
    origin.peer = peer.address;
    origin.port = peer.port;
    Append(datagram, slots.truncated(i), received, origin);
  }
  events_.Received(transport_, static_cast<std::uint64_t>(count), octets);
  CountDropped(empty, denied, last_denied);
  if (stopping_.load()) stop_budget_ -= std::min<std::size_t>(stop_budget_, octets + count);
}

void DatagramReceiver::CountDropped(std::uint64_t empty, std::uint64_t denied, const Peer& last_denied) {
  if (empty > 0) events_.Dropped(DropReason::kEmpty, empty);
  if (denied == 0) return;
  denied_.fetch_add(denied, std::memory_order_relaxed);
  events_.DatagramsDenied(listener_, PrintEndpoint(last_denied.address, last_denied.port), denied);
}

void DatagramReceiver::Append(std::string_view octets, bool truncated, std::int64_t received,
                              const Origin& origin) {
  Record& record = AppendUnparsed(*batch_, batch_->arena().Copy(octets), origin, received);
  if (truncated) record.flags |= kFlagTruncated;
}

void DatagramReceiver::HandOverBatch() {
  ReportKernelDrops();
  if (batch_ && !batch_->empty()) hand_over_.Put(std::move(batch_));
  batch_.reset();
}

// Blocks as long as nothing arrives; a batch that waits for company ends the wait.
void DatagramReceiver::WaitForDatagram() {
  int timeout_ms = -1;
  if (batch_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(batch_begun_ + kBatchAge - Clock::now());
    timeout_ms = static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count());
  } else {
    ReportKernelDrops();
  }
  pollfd waits[] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  ::poll(waits, 2, timeout_ms);
}

void DatagramReceiver::ReportKernelDrops() {
  const std::uint32_t counter = KernelDropCount(socket_.get());
  const std::uint32_t fresh = counter - kernel_counter_;  // the kernel's counter wraps
  if (fresh == 0) return;
  kernel_counter_ = counter;
  kernel_drops_.fetch_add(fresh, std::memory_order_relaxed);
  events_.KernelDrops(listener_, fresh);
}

void DatagramReceiver::ParseLoop() {
  while (auto batch = hand_over_.Take()) {
    Parse(*batch);
    Push(std::move(batch));
  }
}

void DatagramReceiver::Parse(RecordBatch& batch) {
  const auto current = settings();
  const IpAddress* last_peer = nullptr;  // runs of one sender are common: look its zone up once
  ParseContext context;
  for (Record& record : batch.records()) {
    if (!last_peer || *last_peer != record.peer) {
      context.zone = current->zones->Find(record.peer, current->zone.get());
      last_peer = &record.peer;
    }
    context.received = record.received;
    ParseMessage(record.raw, context, record);
  }
}

void DatagramReceiver::Push(std::unique_ptr<RecordBatch> batch) {
  const bool stopping = stopping_.load();
  const Clock::time_point stop_deadline{Clock::duration(deadline_.load())};
  const auto patience = sink_full_ ? Clock::duration::zero() : Clock::duration(kSinkPatience);
  const auto deadline = stopping ? stop_deadline : Clock::now() + patience;
  sink_full_ = !PushBefore(sink_, batch, deadline);
  if (sink_full_) events_.Dropped(stopping ? DropReason::kShutdown : DropReason::kQueueFull, batch->size());
}

}  // namespace cistern
