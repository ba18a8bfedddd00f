#include "service/forward/target_file.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "service/forward/safe_folder.h"

namespace cistern {
namespace {

using boost::system::error_code;

error_code Errno() { return {errno, boost::system::system_category()}; }

}  // namespace

Result<TargetFile> TargetFile::Open(const std::string& path, std::size_t trusted, unsigned mode) {
  const auto folder = OpenFolder(path, trusted, /*make=*/true);
  if (!folder) return folder.error();
  auto opened = OpenForAppend(folder->get(), std::string(NameOf(path)), mode);
  if (!opened) return opened.error();
  TargetFile file;
  file.path_ = path;
  file.fd_ = std::move(opened->fd);
  file.created_ = opened->created;
  struct stat found;
  if (fstat(file.fd(), &found) != 0) return Errno();
  file.size_ = static_cast<std::uint64_t>(found.st_size);
  file.written_ = found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec;
  // Who writes holds a shared lock: what looks like a partial line may be a line that another writes now.
  const bool alone = flock(file.fd(), LOCK_EX | LOCK_NB) == 0;
  if (const auto error = alone ? file.EndPartialLine() : error_code()) return error;
  flock(file.fd(), LOCK_SH | LOCK_NB);
  return file;
}

// What stands there may be anybody's, so nothing of it is taken away.
error_code TargetFile::EndPartialLine() {
  char last = '\n';
  if (size_ > 0 && pread(fd(), &last, 1, static_cast<off_t>(size_ - 1)) != 1) return Errno();
  if (last == '\n') return {};
  if (write(fd(), "\n", 1) != 1) return Errno();
  ++size_;
  return {};
}

error_code TargetFile::Append(std::string_view text, std::int64_t now) {
  written_ = now;
  dirty_ = true;
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(fd(), text.data() + done, text.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno != EINTR) {
      const error_code error = Errno();
      struct stat found;
      if (done > 0 && fstat(fd(), &found) == 0)
        (void)!ftruncate(fd(), std::max<off_t>(0, found.st_size - static_cast<off_t>(done)));
      return error;
    }
  }
  size_ += text.size();
  return {};
}

error_code TargetFile::Sync() {
  dirty_ = false;
  return fdatasync(fd()) == 0 ? error_code() : Errno();
}

bool TargetFile::IsStillThere() {
  struct stat named, open;
  if (lstat(path_.c_str(), &named) != 0 || fstat(fd(), &open) != 0) return false;
  size_ = static_cast<std::uint64_t>(open.st_size);
  return named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

}  // namespace cistern
