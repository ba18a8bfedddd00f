// Compresses closed files of a file target, one after the other, in a thread of low priority.
//
// A compressed file gets its name only when it is whole and on the disk, and only then the other one is
// deleted; a crash leaves the file that was to be compressed, and NAME.tmp, which counts for nothing.
// The end does not wait: what is not compressed yet is, when its name is given again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "ingest/message/result.h"

namespace cistern {

class FileCompressor {
 public:
  enum class Method { kNone, kGzip, kZstd };
  static Method MethodOf(std::string_view name);  // as in the definition

  // `trusted` as for OpenFolder(). kNone: names are locked and nothing else happens.
  FileCompressor(Method method, std::size_t trusted);
  ~FileCompressor();
  FileCompressor(const FileCompressor&) = delete;
  FileCompressor& operator=(const FileCompressor&) = delete;

  // Closed files of `path` are to be compressed.
  void Add(const std::string& path);
  // The same, if there is something left from before.
  void Resume(const std::string& path);
  // Held while closed files get other names.
  std::mutex& names() { return names_; }

 private:
  void Run();
  boost::system::error_code CompressAll(const std::string& path);
  boost::system::error_code CompressOne(int folder, const std::string& name, const std::string& closed);
  boost::system::error_code Encode(int from, int to);
  boost::system::error_code GiveName(int folder, const std::string& name, int from,
                                     const std::string& temporary);

  const Method method_;
  const std::size_t trusted_;
  std::mutex names_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> paths_;  // guarded by mutex_
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace cistern
