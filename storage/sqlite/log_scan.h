// A position in the log: recent batches from memory, older ones from the files.
#pragma once

#include <deque>
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
  // Rows of one file read ahead, in scan order.
  struct Window {
    std::shared_ptr<const FileInfo> file;  // null: there is none
    RowBounds narrowed;                    // where in the file the received times may lie
    std::deque<LogRow> rows;
    bool complete = false;       // the file has no more of them
    std::size_t limit = 1;       // of the next reading
    std::optional<LogRow> last;  // the row before the first of `rows`, for holes; its index is not kept
  };

  Result<Step> FromMemory(const LogSet::Found& found);
  Step FromReceived(const RecentCommits::Commit& commit);
  Result<Step> FromFile(const FileInfo& file);
  Result<Step> FromRow(LogRow row);
  Result<std::unique_ptr<StoredBatch>> OpenTailRow(const LogRow& row);
  Result<void> EnterFile(const FileInfo& file);
  Result<void> ReadAhead();
  Result<Step> AfterError(const FileInfo& file, const boost::system::error_code& error);
  std::unique_ptr<StoredBatch> Unread(std::unique_ptr<StoredBatch> batch, std::uint64_t limit) const;
  void LookForHole(const LogRow& row);
  void LookForHoleAtStart(const LogRow& row);
  void LookForHoleAtEnd();
  void LookForHoleInstead();
  RowBounds BoundsNow() const;
  bool Wanted(const BlockSummary& summary) const {
    return summary.max_received >= options_.received_min && summary.min_received <= options_.received_max;
  }
  bool forward() const { return options_.order == ScanOrder::kOldestFirst; }
  bool AtEnd() const;
  void PassTo(std::uint64_t first_id, std::uint64_t last_id);
  void NoteGap(std::uint64_t next_first_id);
  void NoteThinned(const BlockSummary& row, std::uint64_t position, StoredBatch* batch);
  void AddToGap(const Gap& gone);

  const std::shared_ptr<LogSet> logs_;
  const ScanOptions options_;
  std::uint64_t position_;  // the next id wanted, going up or down; going down, 0 is the end
  bool moved_ = false;      // batches were passed: those that reach over position_ were read in part
  int vanished_ = 0;        // how often in a row the next one was there when read ahead, and then not
  bool started_;            // whether a gap before position_ concerns the caller
  std::optional<Gap> gap_;
  Window window_;
};

}  // namespace cistern
