// What the machine gives: files, limits, clock.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "service/diagnose/diagnosis.h"
#include "service/diagnose/size_text.h"

namespace cistern {
namespace {

constexpr std::int64_t kNsPerDay = 24LL * 60 * 60 * 1'000'000'000;
constexpr std::int64_t kSoonDays = 30;
constexpr std::uint64_t kFewDescriptors = 4096;
constexpr double kNearReserve = 5;  // percent of the file system above the reserve

void DiagnoseKey(const std::string& about, const std::string& path, Diagnoses& out) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return out.Wrong(about, path + ": " + std::strerror(errno),
                     "the certificate in use stays, but a restart will fail: put the key back");
  if ((info.st_mode & S_IROTH) != 0)
    out.Warning(about, path + " can be read by everybody", "chmod 640 " + path);
}

void DiagnoseExpiry(const std::string& about, std::int64_t not_after, std::int64_t now, Diagnoses& out) {
  const std::int64_t days = (not_after - now / 1'000'000'000) / (kNsPerDay / 1'000'000'000);
  if (not_after * 1'000'000'000 <= now)
    return out.Wrong(about, "its certificate has ended; senders that look refuse it",
                     "renew it; new files are taken without a restart");
  if (days < kSoonDays)
    return out.Warning(about, fmt::format("its certificate ends in {} days", days),
                       "renew it; new files are taken without a restart");
  out.Ok(about, fmt::format("its certificate is valid for {} more days", days));
}

}  // namespace

void DiagnoseCertificates(const std::vector<ListenerOptions>& wanted,
                          const std::vector<ListenerStatus>& status, std::int64_t now, Diagnoses& out) {
  for (const ListenerStatus& listener : status)
    if (listener.certificate_not_after != 0)
      DiagnoseExpiry("listener " + listener.name, listener.certificate_not_after, now, out);
  for (const ListenerOptions& listener : wanted)
    if (!listener.tls.key_file.empty()) DiagnoseKey("listener " + listener.name, listener.tls.key_file, out);
}

void DiagnoseFolder(const std::string& dir, Diagnoses& out) {
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0)
    return out.Wrong("storage.dir", dir + ": " + std::strerror(errno), "put the folder back and restart");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return out.Warning("storage.dir",
                       fmt::format("{} is open to others (mode {:04o})", dir, info.st_mode & 07777),
                       "chmod 700 " + dir);
  out.Ok("storage.dir", dir + " is the daemon's alone");
}

void DiagnoseStore(const StoreStats& stats, double reserve, std::uint64_t max_bytes, Diagnoses& out) {
  if (stats.quarantined_batches > 0)
    out.Warning("store", fmt::format("{} damaged batches are set aside", stats.quarantined_batches),
                "cisternctl store check says what they held");
  if (stats.total_bytes == 0) return;
  const auto total = static_cast<double>(stats.total_bytes);
  const double free = static_cast<double>(stats.free_bytes) * 100 / total;
  const std::string left =
      fmt::format("{} of {} free ({:.0f} %)", SizeText(stats.free_bytes), SizeText(stats.total_bytes), free);
  if (free <= reserve)
    return out.Wrong("disk", fmt::format("{}: nothing is written below {} %", left, reserve),
                     "make room, or lower storage.retention.max_bytes");
  const double usable = static_cast<double>(stats.free_bytes + stats.bytes) - total * reserve / 100;
  if (max_bytes != 0 && static_cast<double>(max_bytes) > usable)
    return out.Warning(
        "disk",
        fmt::format("{}; storage.retention.max_bytes allows {}, but {} is all there is", left,
                    SizeText(max_bytes), SizeText(static_cast<std::uint64_t>(std::max(usable, 0.0)))),
        "the disk is full before retention deletes: lower max_bytes, or give it more room");
  if (free <= reserve + kNearReserve)
    return out.Warning("disk", left, "make room before the reserve is reached; then nothing is written");
  out.Ok("disk", left);
}

void DiagnoseProcess(const ProcessStats& process, Diagnoses& out) {
  if (process.max_fds == 0) return;
  const std::string text = fmt::format("{} of {} in use", process.open_fds, process.max_fds);
  if (process.open_fds * 10 > process.max_fds * 8)
    return out.Wrong("file descriptors", text, "raise LimitNOFILE (ulimit -n); connections will be refused");
  if (process.max_fds < kFewDescriptors)
    return out.Warning("file descriptors", text,
                       "raise LimitNOFILE (ulimit -n): each connection of a sender takes one");
  out.Ok("file descriptors", text);
}

void DiagnoseClock(Diagnoses& out) {
  timex clock{};
  const int state = ::adjtimex(&clock);  // only reads: clock.modes is 0
  if (state == -1) return out.Note("clock", std::string("cannot be asked: ") + std::strerror(errno));
  if (state == TIME_ERROR || (clock.status & STA_UNSYNC) != 0)
    return out.Warning("clock", "nobody keeps this machine's clock right",
                       "run chrony, ntpd or systemd-timesyncd; records are kept by received time");
  out.Ok("clock", fmt::format("synchronized, at most {} ms off", clock.maxerror / 1000));
}

}  // namespace cistern
