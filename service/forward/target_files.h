// The files a target has open: up to 64, the least recently used one is closed for another.
//
// What is synced: each file that was written to; where one was made, renamed or closed since, the whole file
// system it lies on, folders included.
#pragma once

#include <sys/types.h>

#include <list>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "service/forward/target_file.h"

namespace cistern {

class TargetFiles {
 public:
  // `trusted` as for OpenFolder(). Without `sync` nothing is kept for Sync().
  TargetFiles(std::size_t trusted, unsigned mode, bool sync) : trusted_(trusted), mode_(mode), sync_(sync) {}

  bool IsOpen(const std::string& path) const { return by_path_.contains(path); }

  // Opened if need be. Valid until the next call.
  Result<TargetFile*> Get(const std::string& path);
  void Close(const std::string& path);
  void CloseAll();
  // Closes those that were deleted or renamed from outside.
  void CloseMissing();
  // What was written so far is on the disk. After an error it is not known which of it is.
  boost::system::error_code Sync();

  std::vector<std::string> paths() const;  // the least recently used one first
  bool dirty() const;

 private:
  using Files = std::list<TargetFile>;  // the most recently used one first
  void Close(Files::iterator file);
  void SyncFileSystemOf(int fd);

  const std::size_t trusted_;
  const unsigned mode_;
  const bool sync_;
  Files files_;
  std::unordered_map<std::string, Files::iterator> by_path_;
  std::map<dev_t, UniqueFd> file_systems_;  // to be synced as a whole
};

}  // namespace cistern
