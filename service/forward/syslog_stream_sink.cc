#include "service/forward/syslog_stream_sink.h"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cistern/v1/target.pb.h"

namespace cistern {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kDeliveryBytes = 1 << 20;
constexpr std::size_t kLeastSlice = 16 << 10, kMostSlice = 256 << 10;
// The rest of a group goes on with what a member lost.
constexpr std::chrono::milliseconds kAtOnce{1};
// Between looks whether a busy member takes more, when there is nothing else to do.
constexpr std::chrono::milliseconds kBusyLook{20};

// What is in doubt at once is a small part of the window.
std::size_t SliceBytes(std::uint64_t window) {
  if (window == 0) return kMostSlice;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(window / 8, kLeastSlice, kMostSlice));
}

std::optional<RecordId> ParseState(const std::string& state) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(state.data(), state.data() + state.size(), id);
  if (state.empty() || error != std::errc() || end != state.data() + state.size()) return std::nullopt;
  return RecordId{id};
}

std::uint64_t IdOf(const Chunk& chunk, std::size_t row) { return ToInt(chunk.ids[row]); }

// No other address mends it.
bool EndsSearch(const Failure& failure) {
  return failure.reason == FailureReason::kStopped || failure.reason == FailureReason::kLoop ||
         failure.reason == FailureReason::kConfiguration;
}

}  // namespace

SyslogStreamSink::SyslogStreamSink(const v1::Target& target, SinkContext context)
    : target_(target),
      context_(std::move(context)),
      balance_(target.syslog().group() == "balance"),
      slice_bytes_(SliceBytes(target.syslog().resend_window())),
      messages_(target.syslog(), context_.store_id),
      window_(static_cast<std::size_t>(target.syslog().addresses_size()), target.syslog().resend_window(),
              ParseState(context_.saved_state)) {
  for (const std::string& address : target.syslog().addresses())
    members_.push_back({std::make_unique<SyslogMember>(*ParseEndpoint(address), target.syslog(), context_)});
}

Delivery SyslogStreamSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  delivery.failure = Check();
  while (!delivery.failure && delivery.bytes < kDeliveryBytes && chunk.here()) {
    delivery.taken = SkipHeld(chunk, delivery.taken);
    if (delivery.taken > 0) window_.Passed(IdOf(chunk, delivery.taken - 1));
    if (delivery.taken == chunk.rows.size()) break;
    const auto index = [&] {
      const WithoutBatch wait(chunk);
      return Pick(stop);
    }();
    if (!index) delivery.failure = index.error();
    if (!index || !chunk.here()) break;
    Render(chunk, delivery.taken);
    const WithoutBatch wait(chunk);
    delivery.failure = SendSlice(*index, delivery, stop);
  }
  return delivery;
}

// Whose turn it is, connected and not busy.
Result<std::size_t, Failure> SyslogStreamSink::Pick(const Stop& stop) {
  while (true) {
    std::size_t first = balance_ ? next_ % members_.size() : 0, count = members_.size();
    for (std::size_t i = 0; !balance_ && i < members_.size(); ++i)
      if (members_[i].link->connected()) first = i, count = 1;
    bool busy = false;
    auto picked = PickOf(first, count, busy, stop);
    if (picked || !busy || EndsSearch(picked.error())) return picked;
    if (auto failure = AwaitRoom(stop)) return *std::move(failure);
  }
}

// The first of `count` members from `first` on, round the group.
Result<std::size_t, Failure> SyslogStreamSink::PickOf(std::size_t first, std::size_t count, bool& busy,
                                                      const Stop& stop) {
  Failure failure{FailureReason::kConnect, "all addresses failed a short while ago"};
  std::string texts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = (first + i) % members_.size();
    const bool is_busy = members_[index].link->busy();
    busy |= is_busy;
    if (is_busy || (balance_ && members_[index].not_before > steady_clock::now())) continue;
    auto ready = Ready(index, stop);
    if (ready || EndsSearch(ready.error())) return ready;
    texts += (texts.empty() ? "" : "; ") + ready.error().text;
    failure = {ready.error().reason, texts};
  }
  return failure;
}

// Until one of those that are busy takes more.
std::optional<Failure> SyslogStreamSink::AwaitRoom(const Stop& stop) {
  std::vector<pollfd> polled{{stop.fd(), POLLIN, 0}};
  auto until = steady_clock::time_point::max();
  for (const Member& member : members_) {
    if (!member.link->busy()) continue;
    polled.push_back(member.link->awaited());
    until = std::min(until, member.link->deadline());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      std::clamp<nanoseconds>(until - steady_clock::now(), nanoseconds(0), std::chrono::minutes(1)));
  poll(polled.data(), polled.size(), static_cast<int>(left.count()));
  if (stop.requested()) return Failure{FailureReason::kStopped, "stopped"};
  return Check();
}

Result<std::size_t, Failure> SyslogStreamSink::Ready(std::size_t index, const Stop& stop) {
  Member& member = members_[index];
  if (!member.link->connected()) {
    member.announced = false;
    if (auto failure = member.link->Connect(stop)) {
      if (balance_ && !EndsSearch(*failure)) LeaveOut(index, *failure);
      return *std::move(failure);
    }
  }
  next_ = index + 1;
  return index;
}

void SyslogStreamSink::LeaveOut(std::size_t index, const Failure& failure) {
  Member& member = members_[index];
  if (member.pause.count() == 0 && members_.size() > 1)
    spdlog::warn("target \"{}\": {} is left out for now: {}", target_.name(), member.link->name(),
                 failure.text);
  const nanoseconds initial(target_.retry().initial()), most(target_.retry().max());
  member.pause = std::clamp(member.pause * 2, std::min(initial, most), most);
  member.not_before = steady_clock::now() + member.pause;
}

// The first row from `row` on that is to be sent.
std::size_t SyslogStreamSink::SkipHeld(const Chunk& chunk, std::size_t row) const {
  while (row < chunk.rows.size()) {
    const std::uint64_t id = IdOf(chunk, row);
    if (id > window_.last() || !window_.Holds(id)) break;
    ++row;
  }
  return row;
}

void SyslogStreamSink::Render(const Chunk& chunk, std::size_t begin) {
  slice_.begin = slice_.end = begin;
  slice_.first = IdOf(chunk, begin);
  const std::uint64_t held =
      slice_.first > window_.last() ? ResendWindow::kNone : window_.NextHeld(slice_.first);
  slice_.ends.clear();
  slice_.octets.clear();
  while (slice_.end < chunk.rows.size() && slice_.octets.size() < slice_bytes_) {
    const Record record = chunk.view.Row(chunk.rows[slice_.end]);
    if (ToInt(record.id) >= held) break;
    messages_.Append(record, slice_.octets);
    slice_.ends.push_back(slice_.octets.size());
    slice_.last = ToInt(record.id);
    ++slice_.end;
  }
}

std::optional<Failure> SyslogStreamSink::SendSlice(std::size_t index, Delivery& delivery, const Stop& stop) {
  Member& member = members_[index];
  const std::uint64_t bytes = slice_.octets.size();
  window_.Sent(index, slice_.first, slice_.last, bytes);
  std::size_t written = 0;
  auto failure = balance_ ? member.link->Start(std::move(slice_.octets))
                          : member.link->Send(std::move(slice_.octets), written, stop);
  slice_.octets = failure || member.link->busy() ? std::string() : member.link->TakeBuffer();
  if (failure && failure->reason != FailureReason::kStopped) {
    const auto sent = std::upper_bound(slice_.ends.begin(), slice_.ends.end(), written);
    delivery.taken = slice_.begin + static_cast<std::size_t>(sent - slice_.ends.begin());
    delivery.bytes += written;
    return Broken(index, *std::move(failure));
  }
  delivery.taken = slice_.end;
  delivery.bytes += bytes;
  window_.Passed(slice_.last);
  if (failure) return failure;
  if (member.link->proven()) member.pause = nanoseconds(0);
  return std::exchange(member.announced, true) ? std::nullopt : Announce(index, bytes);
}

// A test learns whether the other side read it, as far as TCP can tell: by the end of the connection.
std::optional<Failure> SyslogStreamSink::Announce(std::size_t index, std::uint64_t bytes) {
  const std::string name = members_[index].link->name();
  context_.observe({"send to " + name, std::to_string(bytes) + " octets are on their way"});
  if (!context_.test) return std::nullopt;
  auto failure = End(index, steady_clock::now() + nanoseconds(target_.syslog().write_timeout()));
  if (!failure) context_.observe({"end the connection to " + name, "the other side took everything"});
  return failure;
}

// What the member was given and may not have arrived is offered again.
Failure SyslogStreamSink::Broken(std::size_t index, Failure failure) {
  window_.Lost(index);
  if (!balance_) return failure;
  LeaveOut(index, failure);
  const auto works = [](const Member& member) { return member.link->connected(); };
  if (std::any_of(members_.begin(), members_.end(), works)) failure.retry_after = kAtOnce;
  return failure;
}

// Of all connections.
std::optional<Failure> SyslogStreamSink::Check() {
  for (std::size_t i = 0; i < members_.size(); ++i)
    if (auto failure = members_[i].link->Check()) return Broken(i, *std::move(failure));
  return std::nullopt;
}

std::optional<Failure> SyslogStreamSink::Idle(const Stop&) { return Check(); }

steady_clock::time_point SyslogStreamSink::NextIdle() const {
  const auto busy = [](const Member& member) { return member.link->busy(); };
  const bool any = std::any_of(members_.begin(), members_.end(), busy);
  return any ? steady_clock::now() + kBusyLook : steady_clock::time_point::max();
}

std::string SyslogStreamSink::SaveState() const {
  const auto resume = ResumeBehind();
  return resume ? std::to_string(ToInt(*resume)) : "";
}

void SyslogStreamSink::Close(steady_clock::time_point deadline) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto now = steady_clock::now();
    End(i, now + std::max(deadline - now, {}) / static_cast<int>(members_.size() - i));
  }
}

std::optional<Failure> SyslogStreamSink::End(std::size_t index, steady_clock::time_point deadline) {
  if (!members_[index].link->connected()) return std::nullopt;
  auto failure = members_[index].link->Close(deadline);
  if (failure) {
    window_.Lost(index);
  } else {
    window_.Arrived(index);
  }
  return failure;
}

std::string SyslogStreamSink::endpoint() const {
  std::string text;
  for (const Member& member : members_) {
    if (!member.link->connected()) continue;
    text += (text.empty() ? "" : ", ") + member.link->endpoint();
  }
  return text;
}

}  // namespace cistern
