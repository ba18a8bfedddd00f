#include "service/forward/file_compressor.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "service/forward/file_names.h"
#include "service/forward/safe_folder.h"
#include "service/forward/stream_encoder.h"
#include "storage/thread_priority.h"

namespace cistern {
namespace {

using boost::system::error_code;

constexpr std::size_t kSlice = 256 << 10;

error_code Errno() { return {errno, boost::system::system_category()}; }
error_code Errc(boost::system::errc::errc_t errc) { return boost::system::errc::make_error_code(errc); }

error_code WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return Errno();
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::string TemporaryOf(const std::string& name) { return name + ".tmp"; }

bool IsSame(int folder, const std::string& name, const struct stat& file) {
  struct stat found;
  return fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && found.st_dev == file.st_dev &&
         found.st_ino == file.st_ino;
}

}  // namespace

FileCompressor::Method FileCompressor::MethodOf(std::string_view name) {
  return name == "gzip" ? Method::kGzip : name == "zstd" ? Method::kZstd : Method::kNone;
}

FileCompressor::FileCompressor(Method method, std::size_t trusted) : method_(method), trusted_(trusted) {
  if (method_ != Method::kNone) thread_ = std::thread([this] { Run(); });
}

FileCompressor::~FileCompressor() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FileCompressor::Add(const std::string& path) {
  if (method_ == Method::kNone) return;
  const std::lock_guard lock(mutex_);
  if (std::find(paths_.begin(), paths_.end(), path) != paths_.end()) return;
  paths_.push_back(path);
  wake_.notify_one();
}

void FileCompressor::Resume(const std::string& path) {
  if (method_ == Method::kNone) return;
  if (access((path + ".1").c_str(), F_OK) == 0 || access(TemporaryOf(path).c_str(), F_OK) == 0) Add(path);
}

void FileCompressor::Run() {
  SetThreadPriority(ThreadPriority::kHousekeeper);
  for (;;) {
    std::string path;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !paths_.empty(); });
      if (ending_) return;
      path = std::move(paths_.front());
      paths_.pop_front();
    }
    const auto error = CompressAll(path);
    if (error && !ending_) spdlog::warn("{}: its closed files are not compressed: {}", path, error.message());
  }
}

error_code FileCompressor::CompressAll(const std::string& path) {
  const std::string name(NameOf(path));
  for (;;) {
    const auto folder = OpenFolder(path, trusted_, /*make=*/false);
    if (!folder) return folder.error();
    std::string closed;  // the oldest that is not compressed
    {
      const std::lock_guard lock(names_);
      const auto files = ListClosed(folder->get(), name);
      if (!files) return files.error();
      for (const ClosedFile& file : *files)
        if (file.suffix.empty()) closed = NameOf(name, file);
    }
    if (closed.empty()) {
      unlinkat(folder->get(), TemporaryOf(name).c_str(), 0);  // a crash left it
      return {};
    }
    if (const auto error = CompressOne(folder->get(), name, closed)) return error;
  }
}

error_code FileCompressor::CompressOne(int folder, const std::string& name, const std::string& closed) {
  const UniqueFd from(openat(folder, closed.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!from.valid()) return errno == ENOENT ? error_code() : Errno();
  struct stat file;
  if (fstat(from.get(), &file) != 0) return Errno();
  const std::string temporary = TemporaryOf(name);
  unlinkat(folder, temporary.c_str(), 0);
  const UniqueFd to(openat(folder, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.valid()) return Errno();
  error_code error = Encode(from.get(), to.get());
  const timespec times[] = {file.st_atim, file.st_mtim};
  if (!error &&
      (fchmod(to.get(), file.st_mode & 07777) != 0 || futimens(to.get(), times) != 0 || fsync(to.get()) != 0))
    error = Errno();
  if (!error) error = GiveName(folder, name, from.get(), temporary);
  if (error) unlinkat(folder, temporary.c_str(), 0);
  return error;
}

error_code FileCompressor::Encode(int from, int to) {
  const auto encoder = method_ == Method::kGzip ? MakeGzipEncoder() : MakeZstdEncoder();
  const auto piece = std::make_unique<std::array<char, kSlice>>();
  std::string out;
  for (;;) {
    if (ending_) return Errc(boost::system::errc::operation_canceled);
    const ssize_t got = read(from, piece->data(), piece->size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno();
    out.clear();
    if (!encoder->Add({piece->data(), static_cast<std::size_t>(got)}, got == 0, out))
      return Errc(boost::system::errc::not_enough_memory);
    if (const auto error = WriteAll(to, out)) return error;
    if (got == 0) return {};
  }
}

// The file may have moved on, or be deleted, since it was opened.
error_code FileCompressor::GiveName(int folder, const std::string& name, int from,
                                    const std::string& temporary) {
  struct stat file;
  if (fstat(from, &file) != 0) return Errno();
  const std::lock_guard lock(names_);
  const auto files = ListClosed(folder, name);
  if (!files) return files.error();
  for (ClosedFile closed : *files) {
    const std::string plain = NameOf(name, closed);
    if (!closed.suffix.empty() || !IsSame(folder, plain, file)) continue;
    closed.suffix = method_ == Method::kGzip ? ".gz" : ".zst";
    if (renameat(folder, temporary.c_str(), folder, NameOf(name, closed).c_str()) != 0) return Errno();
    if (unlinkat(folder, plain.c_str(), 0) != 0 && errno != ENOENT) return Errno();
    return {};
  }
  unlinkat(folder, temporary.c_str(), 0);
  return {};
}

}  // namespace cistern
