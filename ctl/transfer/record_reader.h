// Records of a file on their way into a store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/transfer/byte_source.h"
#include "ctl/transfer/text_times.h"

namespace cistern::v1 {
class Record;
}

namespace cistern::ctl {

// What a line without a time of its own gets as received time, when text is imported.
enum class Untimed {
  kPrevious,  // the time of the line before; the file's, for the first
  kFile,      // when the file was last written
  kNow,
};

struct ReadOptions {
  std::string format = "auto";  // auto jsonl text aiosyslogd
  TimeReference times;          // of text and of aiosyslogd's local times
  Untimed untimed = Untimed::kPrevious;
  std::int64_t now_ns = 0;
  std::string password;  // of a database
};

// One thread. Positions grow strictly from record to record, and are the same each time the content is read.
class RecordReader {
 public:
  enum class Got { kRecord, kUnreadable, kEnd };

  virtual ~RecordReader() = default;
  // The next record and its position. kUnreadable: `problem()` says what is wrong; reading goes on behind it.
  virtual Result<Got, FileError> Next(v1::Record& record) = 0;
  virtual std::uint64_t position() const = 0;
  // Passes over everything up to `position`, which position() gave for the same content.
  virtual Result<void, FileError> SkipTo(std::uint64_t position) = 0;

  // Names the content, so that what was imported once is known again. Empty: a pipe, which has no name.
  virtual const std::string& content_id() const = 0;
  // For people: the file, and the table in it.
  virtual const std::string& name() const = 0;
  // For a progress bar; `total` 0: not known.
  virtual std::uint64_t done() const = 0;
  virtual std::uint64_t total() const = 0;
  const std::string& problem() const { return problem_; }

 protected:
  std::string problem_;
};

// The readers of a file: one, or one for each table. `-` is standard input, mariadb://... a table of a
// server, with a reader for each store.
//   jsonl       one object a line, as `export` and `query -o json` write them
//   text        syslog messages, one a line or octet-counted
//   aiosyslogd  SQLite with tables SystemEvents or SystemEventsYYYYMM
Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenReaders(const std::string& path,
                                                                          const ReadOptions& options);

// For OpenReaders.
Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenSqliteReaders(const std::string& path,
                                                                                const ReadOptions& options);
Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenMariadbReaders(const std::string& url,
                                                                                 const ReadOptions& options);
std::unique_ptr<RecordReader> MakeJsonReader(std::unique_ptr<ByteSource> source, std::string content_id);
std::unique_ptr<RecordReader> MakeTextReader(std::unique_ptr<ByteSource> source, std::string content_id,
                                             const ReadOptions& options);
// The start of a file of JSON lines that hold records.
bool IsRecordJson(std::string_view head);

}  // namespace cistern::ctl
