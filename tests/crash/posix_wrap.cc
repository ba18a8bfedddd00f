// What the store does to names without SQLite goes through the Disk too: the linker sends these calls here
// (-Wl,--wrap, see CMakeLists.txt). Octets written this way are not followed: the store's only such file is
// LOCK.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "tests/crash/disk.h"

namespace {

using cistern::crash::Disk;
using cistern::crash::NodePtr;

struct Opened {
  NodePtr node;
  std::string path;
};
std::mutex opened_mutex;
std::map<int, Opened> opened;  // by descriptor

Disk* DiskOf(const char* path) {
  Disk* disk = Disk::InUse();
  return disk != nullptr && disk->Covers(path) ? disk : nullptr;
}
// `folder/..` is what holds the folder.
std::string Normal(const char* path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  if (normal.ends_with('/')) normal.pop_back();
  return normal;
}
int Fail(const Disk::Verdict& verdict) {
  errno = verdict.error;
  return -1;
}

}  // namespace

extern "C" {

int __real_open(const char* path, int flags, ...);
int __real_close(int fd);
int __real_fsync(int fd);
int __real_posix_fadvise(int fd, off_t offset, off_t length, int advice);
int __real_unlink(const char* path);
int __real_rename(const char* from, const char* to);
int __real_link(const char* from, const char* to);
int __real_mkdir(const char* path, mode_t mode);

int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int mode = (flags & O_CREAT) != 0 ? va_arg(arguments, int) : 0;
  va_end(arguments);
  Disk* disk = DiskOf(path);
  if (disk == nullptr) return __real_open(path, flags, mode);
  const std::string name = Normal(path);
  NodePtr node;
  if (const auto verdict = disk->Open(name, (flags & O_CREAT) != 0, /*folder=*/false, node); !verdict)
    return Fail(verdict);
  const int fd = __real_open(path, flags, mode);
  const std::lock_guard lock(opened_mutex);
  if (fd >= 0 && node) opened[fd] = {node, name};
  return fd;
}

int __wrap_close(int fd) {
  {
    const std::lock_guard lock(opened_mutex);
    opened.erase(fd);
  }
  return __real_close(fd);
}

int __wrap_fsync(int fd) {
  Opened file;
  {
    const std::lock_guard lock(opened_mutex);
    const auto found = opened.find(fd);
    if (found != opened.end()) file = found->second;
  }
  if (!file.node) return __real_fsync(fd);
  const auto verdict = Disk::InUse()->Sync(file.node, file.path, /*with_folder=*/false);
  return verdict ? 0 : Fail(verdict);
}

int __wrap_posix_fadvise(int fd, off_t offset, off_t length, int advice) {
  Opened file;
  {
    const std::lock_guard lock(opened_mutex);
    const auto found = opened.find(fd);
    if (found != opened.end()) file = found->second;
  }
  if (!file.node) return __real_posix_fadvise(fd, offset, length, advice);
  if (advice == POSIX_FADV_DONTNEED) Disk::InUse()->ForgetCached(file.path);
  return 0;
}

int __wrap_unlink(const char* path) {
  if (Disk* disk = DiskOf(path))
    if (const auto verdict = disk->Remove(path, /*sync_folder=*/false); !verdict) return Fail(verdict);
  return __real_unlink(path);
}

int __wrap_rename(const char* from, const char* to) {
  if (Disk* disk = DiskOf(from))
    if (const auto verdict = disk->Rename(from, to); !verdict) return Fail(verdict);
  return __real_rename(from, to);
}

int __wrap_link(const char* from, const char* to) {
  if (Disk* disk = DiskOf(from))
    if (const auto verdict = disk->Link(from, to); !verdict) return Fail(verdict);
  return __real_link(from, to);
}

int __wrap_mkdir(const char* path, mode_t mode) {
  Disk* disk = DiskOf(path);
  NodePtr node;
  if (disk != nullptr && !disk->Find(path))
    if (const auto verdict = disk->Open(path, /*create=*/true, /*folder=*/true, node); !verdict)
      return Fail(verdict);
  return __real_mkdir(path, mode);
}

}  // extern "C"
