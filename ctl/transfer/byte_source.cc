#include "ctl/transfer/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cistern::ctl {
namespace {

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

}  // namespace

ByteSource::ByteSource(std::string path, int fd) : path_(std::move(path)), fd_(fd), buffer_(kBufferBytes) {
  struct stat info {};
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return;
  size_ = static_cast<std::uint64_t>(info.st_size);
  modified_ns_ = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
}

ByteSource::~ByteSource() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

Result<std::unique_ptr<ByteSource>, FileError> ByteSource::Open(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError{fmt::format("{}: {}", path, std::strerror(errno))};
  std::unique_ptr<ByteSource> source(new ByteSource(path == "-" ? "standard input" : path, fd));
  if (auto read = source->ReadHead(); !read) return read.error();
  return source;
}

Result<void, FileError> ByteSource::ReadHead() {
  if (auto read = Refill(); !read) return read.error();
  if (input_.starts_with(kGzipMagic)) decompressor_ = MakeGzipDecompressor();
  if (input_.starts_with(kZstdMagic)) decompressor_ = MakeZstdDecompressor();
  std::string head(kHeadBytes, '\0');
  std::size_t filled = 0;
  while (filled < head.size()) {
    const auto read = ReadPlain(head.data() + filled, head.size() - filled);
    if (!read) return read.error();
    if (*read == 0) break;
    filled += *read;
  }
  head.resize(filled);
  head_ = std::move(head);
  return {};
}

// Octets now in `input_`; fills the whole buffer, also from a pipe, so that the first octets can be judged.
Result<std::size_t, FileError> ByteSource::Refill() {
  std::size_t filled = 0;
  while (filled < kGzipMagic.size() + kZstdMagic.size()) {
    const ssize_t got = read(fd_, buffer_.data() + filled, buffer_.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError{fmt::format("{}: {}", path_, std::strerror(errno))};
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  consumed_ += filled;
  input_ = {buffer_.data(), filled};
  return filled;
}

Result<std::size_t, FileError> ByteSource::ReadPlain(char* to, std::size_t size) {
  for (;;) {
    if (!decompressor_ && !input_.empty()) {
      const std::size_t taken = std::min(size, input_.size());
      std::memcpy(to, input_.data(), taken);
      input_.remove_prefix(taken);
      return taken;
    }
    if (decompressor_) {
      bool good = true;
      const std::size_t written = decompressor_->Run(input_, to, size, good);
      if (!good) return FileError{fmt::format("{}: the compressed data is damaged", path_)};
      if (written > 0) return written;
    }
    const auto read = Refill();
    if (!read) return read.error();
    if (*read > 0) continue;
    if (decompressor_ && !decompressor_->complete()) {
      return FileError{fmt::format("{}: the compressed data ends too early", path_)};
    }
    return std::size_t{0};
  }
}

Result<std::size_t, FileError> ByteSource::Read(char* to, std::size_t size) {
  if (head_given_ == head_.size()) return ReadPlain(to, size);
  const std::size_t taken = head_.copy(to, size, head_given_);
  head_given_ += taken;
  return taken;
}

}  // namespace cistern::ctl
