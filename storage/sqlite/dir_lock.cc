#include "storage/sqlite/dir_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "storage/store.h"

namespace cistern {

Result<std::unique_ptr<DirLock>> DirLock::Take(const std::string& dir, std::string& holder) {
  const int fd = ::open((dir + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno == ENOSPC ? StoreErrc::kDiskFull : StoreErrc::kNoAccess;
  std::unique_ptr<DirLock> lock(new DirLock(fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char text[32];
    const ssize_t size = ::pread(fd, text, sizeof text, 0);
    holder.assign(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    return StoreErrc::kLocked;
  }
  // Only a courtesy to whoever is refused: a full disk must not keep the store from opening.
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
  return lock;
}

DirLock::~DirLock() { ::close(fd_); }

}  // namespace cistern
