#include "service/metrics/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

namespace cistern {
namespace {

std::uint64_t CountOpenFds() {
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return 0;
  std::uint64_t count = 0;
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count > 3 ? count - 3 : 0;  // ".", ".." and the directory itself
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

const double kStarted = Now();

}  // namespace

ProcessStats ReadProcessStats() {
  ProcessStats out;
  out.start_time = kStarted;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0)
    out.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  std::uint64_t pages = 0, resident = 0;
  if (std::ifstream statm("/proc/self/statm"); statm >> pages >> resident) {
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    out.virtual_bytes = pages * page;
    out.resident_bytes = resident * page;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_fds = limit.rlim_cur;
  out.open_fds = CountOpenFds();
  return out;
}

}  // namespace cistern
