#include "storage/sqlite/file_info.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace cistern {
namespace {

constexpr std::string_view kExtension = ".db";
constexpr std::string_view kDamaged = ".damaged";

std::optional<std::uint64_t> Digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void AddToTotals(BlockSummary& totals, const BlockSummary& batch) {
  if (totals.records == 0) {
    totals = batch;
    return;
  }
  totals.records += batch.records;
  totals.last_id = batch.last_id;
  totals.min_received = std::min(totals.min_received, batch.min_received);
  totals.max_received = std::max(totals.max_received, batch.max_received);
  if (batch.min_time == kNoTime) return;
  totals.min_time = totals.min_time == kNoTime ? batch.min_time : std::min(totals.min_time, batch.min_time);
  totals.max_time = std::max(totals.max_time, batch.max_time);
}

std::uint64_t CountIn(std::span<const Gap> runs, std::uint64_t first, std::uint64_t last) {
  std::uint64_t count = 0;
  for (const Gap& run : runs) {
    const std::uint64_t from = std::max(first, ToInt(run.first)), to = std::min(last, ToInt(run.last));
    if (from <= to) count += to - from + 1;
  }
  return count;
}

std::int64_t DayOf(std::int64_t received_ns) {
  using namespace std::chrono;
  return floor<days>(sys_time<nanoseconds>(nanoseconds(received_ns))).time_since_epoch().count();
}

std::string LogFileName(std::uint64_t number, std::int64_t received_ns) {
  using namespace std::chrono;
  const year_month_day date{sys_days(days(DayOf(received_ns)))};
  char name[64];
  std::snprintf(name, sizeof name, "%06llu-%04d-%02u-%02u.db", static_cast<unsigned long long>(number),
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return name;
}

std::optional<LogFileId> ParseLogFileName(std::string_view name) {
  using namespace std::chrono;
  LogFileId id;
  id.damaged = name.ends_with(kDamaged);
  if (id.damaged) name.remove_suffix(kDamaged.size());
  if (!name.ends_with(kExtension)) return std::nullopt;
  name.remove_suffix(kExtension.size());
  const std::size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.size() - dash != 11) return std::nullopt;
  const auto number = Digits(name.substr(0, dash)), y = Digits(name.substr(dash + 1, 4)),
             m = Digits(name.substr(dash + 6, 2)), d = Digits(name.substr(dash + 9, 2));
  if (!number || !y || !m || !d) return std::nullopt;
  const year_month_day date{year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  id.number = *number;
  id.day = sys_days(date).time_since_epoch().count();
  return id;
}

std::uint64_t FileBytes(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::uint64_t FileBytesWithWal(const std::string& path) { return FileBytes(path) + FileBytes(path + "-wal"); }

std::uint64_t FileInode(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_ino) : 0;
}

bool FileExists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<void> SyncFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == EMFILE || errno == ENFILE ? StoreErrc::kBusy : StoreErrc::kIoError;
  const bool synced = ::fsync(fd) == 0 || errno == EINVAL;  // a file system that has nothing to sync there
  ::close(fd);
  return synced ? Result<void>() : StoreErrc::kIoError;
}

void ForgetCached(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

void RemoveLogFile(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

}  // namespace cistern
