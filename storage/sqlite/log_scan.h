// A position in the log: recent batches from memory, older ones from the files.
#pragma once

#include <memory>
#include <optional>

#include "storage/sqlite/log_set.h"
#include "storage/store.h"

namespace cistern {

class LogScan final : public Scan {
 public:
  LogScan(std::shared_ptr<LogSet> logs, const ScanOptions& options);

  Result<std::unique_ptr<StoredBatch>> Next() override;
  std::optional<Gap> TakeGap() override;

 private:
  struct Step {
    bool done = false;                   // nothing more for now
    std::unique_ptr<StoredBatch> batch;  // null: go on
  };
  Result<Step> FromMemory(const LogSet::Found& found);
  Result<Step> FromFile(const FileInfo& file);
  Result<std::optional<StoredRow>> ReadRow(const FileInfo& file);
  RowBounds BoundsIn(const FileInfo& file) const;
  bool forward() const { return options_.order == ScanOrder::kOldestFirst; }
  bool AtEnd() const;
  void PassTo(std::uint64_t first_id, std::uint64_t last_id);
  void SkipFile(const FileInfo& file);
  void NoteGap(std::uint64_t next_first_id);

  const std::shared_ptr<LogSet> logs_;
  const ScanOptions options_;
  std::uint64_t position_;  // the next id wanted, going up or down; going down, 0 is the end
  bool started_;            // whether a gap before position_ concerns the caller
  std::optional<Gap> gap_;
  // What Narrow() found, for the file last read.
  std::uint64_t narrowed_file_ = 0;
  RowBounds narrowed_;
};

}  // namespace cistern
