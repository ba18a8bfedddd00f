// Sealing: the rows of a tail become blocks, or fewer and larger rows, in the background.
//
// A tail is cut into segments, between which blocks lie that were written directly: a block never encloses
// the ids of another row. Segments that can still grow and are small become one tail row, the rest become
// blocks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "storage/block/block_codec.h"
#include "storage/block/sealed_block.h"
#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/recent_batches.h"

namespace cistern {

// StoreOptions has it; this is for files that are only closed.
inline constexpr std::uint64_t kBlockRecords = 32768;
inline constexpr std::uint64_t kMaxBlockText = std::uint64_t{16} << 20;
// Of a tail row, so that a reader's memory stays bounded.
inline constexpr std::uint64_t kMaxRowText = std::uint64_t{4} << 20;

// Decoded octets of a record's long fields, about.
std::uint64_t TextBytes(const Record& record);
// Into how many blocks so many records are cut, evenly, so that they are nearest to `block_records`.
constexpr std::uint64_t BlocksFor(std::uint64_t records, std::uint64_t block_records) {
  return records < block_records ? 1 : (records + block_records / 2) / block_records;
}

struct SealSegment {
  std::vector<BlockSummary> rows;  // of the tail; ids and number of records
  std::uint64_t records = 0;
  bool to_blocks = false;
  FileFigures before, after;  // of the file
};
struct SealJob {
  std::uint64_t number = 0;
  FileInfo file;
  LogTable tail = LogTable::kTail;
  std::vector<SealSegment> segments;
  std::uint64_t block_records = kBlockRecords;
};

struct SealedSegment {
  std::vector<RecentBatch> rows;  // in id order: blocks or tail rows
  FileFigures before, after;
};
struct SealedTail {
  std::uint64_t number = 0;  // of the job
  LogTable tail = LogTable::kTail;
  std::vector<SealedSegment> segments;
};

using ReadTailBlob =
    std::function<Result<std::shared_ptr<const std::string>>(LogTable tail, const BlockSummary& row)>;
// What is worth keeping from job to job: memory that is new each time costs a tenth of sealing.
struct SealTools {
  BlockSealer sealer;
  BlockEncoder encoder;
  std::vector<Record> records;
};
// Memory: about that of one block with its text. kCorrupt: a row is damaged; then the tail is to stay as it
// is.
Result<SealedTail> SealRows(const SealJob& job, const ReadTailBlob& read, SealTools& tools);

// Runs jobs one after the other in a thread of its own. Any thread may call.
class Sealer {
 public:
  using Run = std::function<Result<SealedTail>(const SealJob&, SealTools&)>;
  explicit Sealer(Run run);
  ~Sealer();  // waits for the job that is running

  void Start(SealJob job);
  struct Done {
    std::uint64_t number = 0;
    Result<SealedTail> result;
  };
  // The oldest job that is done, if any.
  std::optional<Done> Take();

 private:
  void Work(const std::stop_token& stop);

  const Run run_;
  std::mutex mutex_;  // guards the next three
  std::condition_variable_any wake_;
  std::deque<SealJob> jobs_;
  std::deque<Done> done_;
  std::jthread thread_;
};

}  // namespace cistern
