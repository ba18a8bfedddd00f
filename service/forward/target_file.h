// One file that lines are added to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "ingest/net/socket_util.h"

namespace cistern {

class TargetFile {
 public:
  // Makes folders and file where missing; `trusted` as for OpenFolder(). A last line without its end, which a
  // crash cut short, is removed, unless another process or target has the file open: its record is written
  // again.
  static Result<TargetFile> Open(const std::string& path, std::size_t trusted, unsigned mode);

  // All of `text` or, as far as the file system lets it, nothing: what was written before a failure is cut
  // off.
  boost::system::error_code Append(std::string_view text, std::int64_t now);
  boost::system::error_code Sync();
  // Whether the file still has its name; also takes notice of what others made of its size.
  bool IsStillThere();

  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  std::uint64_t size() const { return size_; }
  bool created() const { return created_; }
  bool dirty() const { return dirty_; }  // holds what was not synced
  // When it was last written to, ns since the epoch.
  std::int64_t written() const { return written_; }

 private:
  TargetFile() = default;
  boost::system::error_code EndPartialLine();

  std::string path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
  std::int64_t written_ = 0;
  bool created_ = false, dirty_ = false;
};

}  // namespace cistern
