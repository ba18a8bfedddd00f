// Reads a backup from beginning to end. What is in it is believed only once its checksums fit, at the end.
//
// Threads: one at a time. Memory: one piece. Errors: one sentence for people, without the archive's name.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "storage/care/tar.h"

namespace cistern {

// Takes what is in the archive, one member after the other.
class ArchiveSink {
 public:
  virtual ~ArchiveSink() = default;
  // `member.name` is `catalog.db` or `logs/NNNNNN-YYYY-MM-DD.db`.
  virtual Result<void, std::string> Begin(const TarMember& member) = 0;
  virtual Result<void, std::string> Data(std::string_view octets) = 0;
  virtual Result<void, std::string> End() = 0;
};

struct ArchiveInfo {
  std::string about;  // lines `key: value`, as written by the server
  std::uint64_t log_files = 0;
  std::uint64_t bytes = 0;
};

// Long work: `progress` is called now and then, a stop ends it with the error `stopped`.
struct LongWork {
  std::stop_token stop;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  // octets; may be empty
};

// The archive is complete and every checksum fits, or there is an error. Members come once, the catalog
// first.
Result<void, std::string> ReadArchive(const std::string& path, ArchiveSink& sink, const LongWork& work,
                                      ArchiveInfo& info);

}  // namespace cistern
