// Plain files: descriptors that close themselves, reading and writing in full.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  // kNotFound, kNoAccess, kDiskFull, kBusy.
  static Result<FileHandle> OpenToRead(const std::string& path);
  // Makes a new file with mode 0600; kConflict when there is one.
  static Result<FileHandle> Create(const std::string& path);

  bool is_open() const { return fd_ >= 0; }
  Result<std::uint64_t> Size() const;
  // Sets `out` to the octets at `offset`; fewer than `length` only at the end of the file.
  Result<void> Read(std::uint64_t offset, std::size_t length, std::string& out) const;
  Result<void> Write(std::string_view octets);  // at the current position
  Result<void> Sync();
  void Close();

 private:
  int fd_ = -1;
};

// Makes names in a directory durable.
Result<void> SyncDir(const std::string& path);
// The error of the last system call.
StoreErrc ErrcOfErrno();

}  // namespace cistern
