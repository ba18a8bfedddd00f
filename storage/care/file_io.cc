#include "storage/care/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cistern {

StoreErrc ErrcOfErrno() {
  switch (errno) {
    case ENOENT:
      return StoreErrc::kNotFound;
    case EEXIST:
      return StoreErrc::kConflict;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return StoreErrc::kDiskFull;
    case EMFILE:
    case ENFILE:
      return StoreErrc::kBusy;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
      return StoreErrc::kNoAccess;
    default:
      return StoreErrc::kIoError;
  }
}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle::~FileHandle() { Close(); }

void FileHandle::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<FileHandle> FileHandle::OpenToRead(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrcOfErrno();
  return FileHandle(fd);
}

Result<FileHandle> FileHandle::Create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return ErrcOfErrno();
  return FileHandle(fd);
}

Result<std::uint64_t> FileHandle::Size() const {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) return ErrcOfErrno();
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void> FileHandle::Read(std::uint64_t offset, std::size_t length, std::string& out) const {
  out.resize(length);
  std::size_t done = 0;
  while (done < length) {
    const ssize_t n = ::pread(fd_, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrcOfErrno();
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return {};
}

Result<void> FileHandle::Write(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t n = ::write(fd_, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrcOfErrno();
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> FileHandle::Sync() {
  if (::fsync(fd_) != 0) return ErrcOfErrno();
  return {};
}

Result<void> SyncDir(const std::string& path) {
  FileHandle dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.is_open()) return ErrcOfErrno();
  return dir.Sync();
}

}  // namespace cistern
