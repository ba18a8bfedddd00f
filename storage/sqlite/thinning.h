// Writes what the rules of retention leave of a closed log file to a new one: the same records with the same
// ids, without those that are too old.
//
// Blocks and rows from which nothing goes are copied octet for octet and keep their ordinals; what is left of
// others becomes blocks, neighbours together. The new file keeps the runs of ids of the original.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "storage/sqlite/retention_rules.h"
#include "storage/sqlite/sealing.h"

namespace cistern {

struct ThinJob {
  FileInfo file;
  std::string path;  // of the file; the new one is made beside it, with kNewSuffix
  RetentionRules rules;
  std::chrono::seconds reached{0};
  std::uint32_t block_records = kBlockRecords;
  std::function<void(std::string_view)> at_point;
};

struct Thinned {
  enum class Outcome { kNothingGoes, kEverythingGoes, kRewritten, kDamaged };
  Outcome outcome = Outcome::kNothingGoes;
  BlockSummary totals;        // of the new file
  std::uint64_t dropped = 0;  // records
  std::uint64_t bytes = 0;    // of the new file
  // Null: nothing was ever taken out of the file.
  std::shared_ptr<const std::vector<Gap>> originals;
};

// Only with kRewritten there is a new file: complete, on the disk, and without a -wal. kDamaged: something of
// the file is not as it was written; then it is better left alone. kCancelled, kDiskFull ...
Result<Thinned> ThinLog(const ThinJob& job, const std::stop_token& stop);

// Runs a job in a thread of its own. One thread calls.
class Thinner {
 public:
  // No job may be under way.
  void Start(ThinJob job);
  const ThinJob* job() const { return job_.get(); }  // null: none is under way
  // Whether Take() would return at once.
  bool done() const { return done_.load(std::memory_order_acquire); }
  // Ends the job that was started; waits for it.
  Result<Thinned> Take();
  // Makes the job end soon, with kCancelled.
  void Cancel() { thread_.request_stop(); }

 private:
  std::unique_ptr<const ThinJob> job_;
  Result<Thinned> result_ = Thinned{};
  std::atomic<bool> done_{false};
  std::jthread thread_;
};

}  // namespace cistern
