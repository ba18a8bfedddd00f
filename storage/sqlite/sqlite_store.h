// The store in SQLite files. README.md beside this file has the layout, the rules and why.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/block/block_codec.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/clock_guard.h"
#include "storage/sqlite/dir_lock.h"
#include "storage/sqlite/encode_pool.h"
#include "storage/sqlite/log_file.h"
#include "storage/sqlite/log_set.h"
#include "storage/sqlite/retention_rules.h"
#include "storage/sqlite/sealing.h"
#include "storage/sqlite/thinning.h"
#include "storage/store.h"

namespace cistern {

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<SqliteStore>> Open(StoreOptions options, Warn warn);
  ~SqliteStore() override;

  Result<CommitResult> Append(std::span<RecordBatch* const> batches,
                              std::span<const ClientSequence> sequences,
                              std::shared_ptr<const void> owner) override;
  Result<void> Reopen() override;
  Result<void> CheckWritable() override;
  std::uint64_t LastSequence(const std::string& client_id) override;

  Result<std::vector<Gap>> ApplyRetention() override;
  void SetRetention(const Retention& retention) override;
  void Idle() override;

  std::unique_ptr<Scan> NewScan(const ScanOptions& options) override;
  RecordId last_id() const override { return RecordId{last_id_.load(std::memory_order_acquire)}; }
  RecordId first_id() const override;
  RecordId WaitForCommit(RecordId after, std::chrono::milliseconds timeout) override;
  void WakeWaiters() override;
  std::uint64_t AddCommitListener(std::function<void(RecordId)> listener) override;
  void RemoveCommitListener(std::uint64_t token) override;

  std::string store_id() const override { return catalog_->store_id(); }
  StoreStats Stats() override;

  std::optional<RecordId> GetCursor(const std::string& name) override { return catalog_->GetCursor(name); }
  Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>> positions) override;
  Result<void> DeleteCursor(const std::string& name) override { return catalog_->DeleteCursor(name); }
  Result<std::vector<StoredObject>> ListObjects(const std::string& kind, const std::string& after,
                                                std::size_t limit) override {
    return catalog_->ListObjects(kind, after, limit);
  }
  Result<std::optional<StoredObject>> GetObject(const std::string& kind, const std::string& name) override {
    return catalog_->GetObject(kind, name);
  }
  Result<std::uint64_t> CountObjects(const std::string& kind) override {
    return catalog_->CountObjects(kind);
  }
  Result<std::vector<std::uint64_t>> ChangeState(const StateChange& change) override;
  Backlog Behind(RecordId position) override;
  void HoldRetention(std::optional<RecordId> position, std::chrono::seconds longest) override;
  Result<void> CopyCatalog(const std::string& path) override { return catalog_->CopyTo(path); }

 private:
  // What one Append() brings, before it is encoded.
  struct Incoming {
    std::uint64_t records = 0, imported = 0;
    std::int64_t disorder = 0;  // ns by which one is at most older than the newest before it
    std::int64_t min_received = INT64_MAX, max_received = INT64_MIN;
  };

  // A file that is written to.
  struct OpenFile {
    FileInfo info;                  // number 0: there is none
    std::unique_ptr<LogFile> file;  // null with a number: the disk was too full at start to open it
    std::uint64_t inode = 0;
    std::uint64_t checkpointed_wal_bytes = 0;  // size of the -wal at the last checkpoint
    std::uint64_t job = 0;                     // that is sealing a tail of it; 0: none
    std::optional<SealedTail> ready;           // a tail of it, sealed and not written yet
    std::int64_t seal_not_before = INT64_MIN;  // since boot, ns; after a failure
  };

  SqliteStore(StoreOptions options, Warn warn);
  Result<void> OpenCatalog();
  Result<void> Start();

  // append.cc, writer thread
  static Incoming Measure(std::span<RecordBatch* const> batches);
  Result<void> Commit(OpenFile& open, std::span<const RecentBatch> rows, std::uint64_t first_id,
                      std::span<const ClientSequence> sequences, std::int64_t disorder, std::int64_t now);
  Result<void> Reserve(std::uint64_t last);
  std::vector<RecentBatch> Encode(OpenFile& open, std::span<RecordBatch* const> batches,
                                  std::uint64_t records);
  void Publish(OpenFile& open, std::vector<RecentBatch> rows, RecentCommits::Commit received,
               std::span<const ClientSequence> sequences, std::int64_t now);
  void NotifyCommit(RecordId last);
  boost::system::error_code Fail(const boost::system::error_code& error);
  void At(std::string_view point) const {
    if (options_.at_point) options_.at_point(point);
  }

  // files.cc, writer thread
  Result<void> PrepareLive(const Incoming& incoming);
  Result<void> PrepareImport(const Incoming& incoming);
  bool NeedsNewFile(const OpenFile& open, const Incoming& incoming) const;
  Result<void> BeginFile(OpenFile& open, std::int64_t received);
  Result<void> OpenLiveAgain(OpenFile& open);
  void Adopt(OpenFile& open, const FileInfo& info, std::unique_ptr<LogFile> file);
  void CloseFile(OpenFile& open, bool wait = false);
  void CheckpointIfDue(OpenFile& open);
  std::uint64_t MaxFileBytes() const;

  // seal_files.cc, writer thread
  struct Closing {
    FileInfo info;
    std::unique_ptr<LogFile> file;
    std::uint64_t job = 0;            // that is sealing a tail of it; 0: none
    std::optional<SealedTail> ready;  // sealed, not written yet
    bool keep_tail = false;           // it could not be sealed
  };
  Result<SealedTail> SealInBackground(const SealJob& job, SealTools& tools) const;
  void StartSealing(OpenFile& open);
  void TakeSealed();
  void WriteSealed(OpenFile& open);
  static void ForgetSealing(OpenFile& open);
  void PublishSealed(const SealedTail& sealed);
  void TryToClose(bool wait);
  bool SealClosing(Closing& closing, bool wait);
  bool KeepClients();
  bool Close(Closing& closing);

  // health.cc, writer thread
  bool HasSpace() const;
  Result<void> CheckSurroundings();
  void CheckFile(OpenFile& open);
  void LeaveDamagedFile(OpenFile& open);
  Result<void> ReopenFile(OpenFile& open);
  void ForgetIdleClients();

  // retention.cc, writer thread
  Gap Delete(const FileInfo& file);
  bool HoldsSequences(const FileInfo& file) const;
  std::vector<FileInfo> Expired();
  std::uint64_t BytesOf(const FileInfo& file) const;
  bool MayShrink(const FileInfo& file, const FileInfo& newest) const;
  std::int64_t AgeForRules(const FileInfo& file, std::int64_t now) const;
  struct Limits;
  Limits LimitsNow();
  bool IsHeld(const FileInfo& file, const Limits& limits, std::uint64_t total) const;

  // thin_files.cc, writer thread
  struct Swap {
    FileInfo file;  // as it is now
    Catalog::ThinMark mark;
    Gap gone;
    bool durable = false;  // and `gone` was told
  };
  void ContinueThinning(bool look);
  void TakeThinned();
  void StartThinning();
  std::optional<ThinJob> NextToThin();
  bool HasRoomFor(const FileInfo& file) const;
  void PutMark(const Catalog::ThinMark& mark);
  void BeginSwap(const ThinJob& job, const Thinned& thinned);
  Result<void> SwapFiles(const ThinJob& job);
  bool FinishSwap(Swap& swap);
  void RemoveRetired(bool all);

  // Constant after Open().
  const StoreOptions options_;
  const std::string logs_dir_;
  const WallClock clock_;
  std::unique_ptr<DirLock> lock_;
  std::unique_ptr<Catalog> catalog_;
  const std::shared_ptr<LogSet> logs_;

  // Writer thread only.
  BlockEncoder encoder_;
  OpenFile live_, import_;
  std::uint64_t import_next_id_ = 1,
                import_end_id_ = 1;  // what is left of the ids set aside for the import file
  std::int64_t import_used_ = 0;     // wall clock, ns
  std::vector<Closing> closing_;     // full files whose last steps are not done yet
  std::unique_ptr<Sealer> sealer_;
  EncodePool pool_;
  std::uint64_t last_job_ = 0;
  std::uint64_t next_id_ = 1, reserved_id_ = 0;
  std::uint64_t last_file_number_ = 0;
  std::int64_t space_checked_ = INT64_MIN;    // since boot, ns
  std::int64_t clients_checked_ = INT64_MIN;  // wall clock, ns
  bool space_ok_ = true;
  ClockGuard clock_guard_;
  Thinner thinner_;
  std::map<std::uint64_t, Catalog::ThinMark> thin_marks_;  // by file
  std::vector<Swap> swaps_;                                // whose last steps are not done yet
  std::vector<Gap> thinned_;                               // not told yet by ApplyRetention()
  std::int64_t thin_not_before_ = INT64_MIN;               // since boot, ns; after a failure

  std::atomic<std::uint64_t> last_id_{0};
  std::atomic<int> failed_{0};  // a StoreErrc that only Reopen() clears; 0: none

  mutable std::mutex state_mutex_;  // guards the next five
  std::optional<RecordId> held_;    // records behind it are needed ...
  std::chrono::seconds longest_hold_{0};
  Retention retention_;
  RetentionRules rules_;
  ClientMap clients_;

  std::mutex commit_mutex_;  // guards wakes_; pairs with commit_
  std::condition_variable commit_;
  std::uint64_t wakes_ = 0;

  std::mutex listeners_mutex_;  // guards the next two; held while listeners run
  std::map<std::uint64_t, std::function<void(RecordId)>> listeners_;
  std::uint64_t next_listener_ = 1;
};

}  // namespace cistern
