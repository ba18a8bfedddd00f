// The octets of a file or of standard input, decompressed as they are read: gzip and zstd are recognised by
// their first octets. Bounded memory; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"

namespace cistern::ctl {

// Why a file cannot be read: a sentence that begins with the file's name.
struct FileError {
  std::string message;
};

// Turns compressed octets into plain ones.
class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Reads from the front of `in`, which it shortens, and returns how many octets it wrote to `out`. Writes
  // none only when it needs more input. False in `good`: the data is damaged.
  virtual std::size_t Run(std::string_view& in, char* out, std::size_t size, bool& good) = 0;
  // The input may end here.
  virtual bool complete() const = 0;
};
std::unique_ptr<Decompressor> MakeGzipDecompressor();
std::unique_ptr<Decompressor> MakeZstdDecompressor();

class ByteSource {
 public:
  static constexpr std::size_t kHeadBytes = 64 << 10;

  // `-` is standard input.
  static Result<std::unique_ptr<ByteSource>, FileError> Open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // The next octets, at most `size`; 0 at the end.
  Result<std::size_t, FileError> Read(char* to, std::size_t size);
  // The first octets, at most kHeadBytes; Read() gives them again.
  std::string_view head() const { return head_; }

  const std::string& path() const { return path_; }
  // Octets of the file (compressed as it is) read so far, and in all; 0 when that is not known.
  std::uint64_t consumed() const { return consumed_; }
  std::uint64_t size() const { return size_; }
  // When the file was last written, ns since the Unix epoch; 0 for what is no file.
  std::int64_t modified_ns() const { return modified_ns_; }

 private:
  ByteSource(std::string path, int fd);
  Result<std::size_t, FileError> ReadPlain(char* to, std::size_t size);
  Result<std::size_t, FileError> Refill();
  Result<void, FileError> ReadHead();

  const std::string path_;
  const int fd_;
  std::uint64_t consumed_ = 0, size_ = 0;
  std::int64_t modified_ns_ = 0;
  std::vector<char> buffer_;  // as in the file
  std::string_view input_;    // the unread part of buffer_
  std::unique_ptr<Decompressor> decompressor_;
  std::string head_;
  std::size_t head_given_ = 0;
};

}  // namespace cistern::ctl
