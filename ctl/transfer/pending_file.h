// A file that appears under its name only once it is whole.
#pragma once

#include <string>

#include "ctl/transfer/byte_source.h"

namespace cistern::ctl {

// Written under another name in the same folder, synced and renamed by Commit(), deleted otherwise. What
// exists and is no regular file (a device, a pipe) is written in place.
class PendingFile {
 public:
  explicit PendingFile(std::string path);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  // Where to write until Commit().
  const std::string& temporary() const { return temporary_; }
  const std::string& path() const { return path_; }
  // The writer has closed the file.
  Result<void, FileError> Commit();

 private:
  const std::string path_;
  std::string temporary_;
  bool in_place_ = false, committed_ = false;
};

}  // namespace cistern::ctl
