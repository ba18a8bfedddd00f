#include "ctl/transfer/pending_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace cistern::ctl {
namespace {

bool Sync(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = fsync(fd) == 0;
  return close(fd) == 0 && synced;
}

}  // namespace

PendingFile::PendingFile(std::string path) : path_(std::move(path)) {
  struct stat info {};
  in_place_ = stat(path_.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
  temporary_ = in_place_ ? path_ : fmt::format("{}.partial-{}", path_, getpid());
}

PendingFile::~PendingFile() {
  if (!committed_ && !in_place_) unlink(temporary_.c_str());
}

Result<void, FileError> PendingFile::Commit() {
  if (in_place_) return {};
  if (!Sync(temporary_, O_RDONLY) || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return FileError{fmt::format("{}: {}", path_, std::strerror(errno))};
  }
  committed_ = true;
  const auto slash = path_.rfind('/');
  Sync(slash == std::string::npos ? "." : path_.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  return {};
}

}  // namespace cistern::ctl
