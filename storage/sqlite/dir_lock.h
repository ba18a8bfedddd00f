// The exclusive right to a store's directory, held while the object lives.
#pragma once

#include <memory>
#include <string>

#include "ingest/message/result.h"

namespace cistern {

class DirLock {
 public:
  // Takes flock() on `dir`/LOCK, which holds the owner's process id as text. kLocked: `holder` then is that
  // text, empty where it cannot be read. kNoAccess: the file cannot be made.
  static Result<std::unique_ptr<DirLock>> Take(const std::string& dir, std::string& holder);
  ~DirLock();
  DirLock(const DirLock&) = delete;
  DirLock& operator=(const DirLock&) = delete;

 private:
  explicit DirLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace cistern
