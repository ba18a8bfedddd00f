#include "service/access/audit_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "cistern/v1/stored.pb.h"

namespace cistern {
namespace {

constexpr char kKind[] = "audit";
constexpr std::int64_t kMinute = 60'000'000'000;
constexpr auto kPause = std::chrono::seconds(1);
constexpr auto kPatience = std::chrono::seconds(2);
constexpr std::size_t kLongestText = 512;

std::string NameOf(std::uint64_t number) { return fmt::format("{:020}", number); }

std::uint64_t NumberOf(std::string_view name) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

// Clients choose some of it.
std::string Printable(std::string_view text) {
  std::string out(text.substr(0, kLongestText));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::string BodyOf(const AuditRecord& record) {
  v1::StoredAudit body;
  body.set_time(record.time);
  body.set_caller(record.caller);
  body.set_peer(record.peer);
  body.set_method(record.method);
  body.set_object(record.object);
  body.set_result(record.result);
  body.set_message(record.message);
  return body.SerializeAsString();
}

std::optional<AuditRecord> ToRecord(const StoredObject& object) {
  v1::StoredAudit body;
  if (!body.ParseFromString(object.body)) return std::nullopt;
  return AuditRecord{NumberOf(object.name), body.time(),   body.caller(), body.peer(),
                     body.method(),         body.object(), body.result(), body.message()};
}

void Show(const AuditRecord& record) {
  const auto level = record.result == "OK" ? spdlog::level::info : spdlog::level::warn;
  spdlog::log(level, "audit: {} from {}: {}{}{}: {}{}{}", record.caller.empty() ? "unknown" : record.caller,
              record.peer.empty() ? "unknown" : record.peer, record.method, record.object.empty() ? "" : " ",
              record.object, record.result, record.message.empty() ? "" : ": ", record.message);
}

}  // namespace

AuditLog::AuditLog(Store& store, WallClock clock) : store_(store), clock_(std::move(clock)) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    TellSuppressed();
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Numbers are dense but for the oldest: what is deleted goes from that end.
Result<void> AuditLog::Open() {
  std::string after;
  for (;;) {
    const auto objects = store_.ListObjects(kKind, after, 1000);
    if (!objects) return objects.error();
    if (objects->empty()) break;
    after = objects->back().name;
    last_ = NumberOf(after);
  }
  thread_ = std::thread([this] { Run(); });
  return {};
}

void AuditLog::Changed(AuditRecord record) {
  const std::lock_guard lock(mutex_);
  Enqueue(std::move(record));
}

void AuditLog::Refused(AuditRecord record) {
  const std::lock_guard lock(mutex_);
  const std::int64_t minute = clock_() / kMinute;
  if (minute != minute_) {
    TellSuppressed();
    minute_ = minute;
    refusals_ = 0;
  }
  if (refusals_ >= kRefusalsPerMinute) {
    ++suppressed_;
    return;
  }
  ++refusals_;
  Enqueue(std::move(record));
}

void AuditLog::TellSuppressed() {
  if (suppressed_ == 0 || waiting_.size() >= kMostWaiting) return;
  AuditRecord record;
  record.result = "SUPPRESSED";
  record.message = fmt::format("{} more entries were left out", suppressed_);
  suppressed_ = 0;
  Enqueue(std::move(record));
}

void AuditLog::Enqueue(AuditRecord record) {
  if (waiting_.size() >= kMostWaiting) {
    ++suppressed_;
    return;
  }
  if (record.time == 0) record.time = clock_();
  for (std::string* text : {&record.caller, &record.peer, &record.method, &record.object, &record.message})
    *text = Printable(*text);
  waiting_.push_back(std::move(record));
  wake_.notify_all();
}

void AuditLog::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, kPause, [this] { return stopping_ || !waiting_.empty(); });
    if (clock_() / kMinute != minute_) TellSuppressed();
    if (waiting_.empty()) {
      if (stopping_) return;
      continue;
    }
    std::deque<AuditRecord> records;
    records.swap(waiting_);
    writing_ = true;
    for (AuditRecord& record : records) record.number = ++last_;
    lock.unlock();
    for (const AuditRecord& record : records) Show(record);
    auto done = Write(records);
    lock.lock();
    while (!done && !stopping_) {
      spdlog::warn("the audit log was not written: {}; trying again", done.error().message());
      wake_.wait_for(lock, kPause, [this] { return stopping_; });
      lock.unlock();
      done = Write(records);
      lock.lock();
    }
    writing_ = false;
    written_.notify_all();
  }
}

Result<void> AuditLog::Write(const std::deque<AuditRecord>& records) {
  StateChange change;
  for (const AuditRecord& record : records) {
    change.objects.push_back({kKind, NameOf(record.number), BodyOf(record), std::nullopt});
    if (record.number > kMostEntries)
      change.objects.push_back({kKind, NameOf(record.number - kMostEntries), std::nullopt, std::nullopt});
  }
  const auto done = store_.ChangeState(change);
  if (!done) return done.error();
  return {};
}

Result<std::vector<AuditRecord>> AuditLog::List(std::uint64_t before, std::size_t limit) {
  std::unique_lock lock(mutex_);
  written_.wait_for(lock, kPatience, [this] { return waiting_.empty() && !writing_; });
  const std::uint64_t end = before == 0 ? last_ + 1 : std::min(before, last_ + 1);
  lock.unlock();
  const std::uint64_t first = end > limit ? end - limit : 1;
  const auto objects = store_.ListObjects(kKind, NameOf(first - 1), limit);
  if (!objects) return objects.error();
  std::vector<AuditRecord> records;
  for (const StoredObject& object : *objects) {
    if (NumberOf(object.name) >= end) break;
    if (auto record = ToRecord(object)) records.push_back(std::move(*record));
  }
  std::reverse(records.begin(), records.end());
  return records;
}

}  // namespace cistern
