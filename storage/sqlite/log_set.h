// What readers share with the writer: which log files there are, the recent batches, and what is gone.
//
// Threads: any. The mutex is never held while the disk is read.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "storage/sqlite/denied_words.h"
#include "storage/sqlite/file_info.h"
#include "storage/sqlite/log_reader.h"
#include "storage/sqlite/recent_batches.h"
#include "storage/sqlite/recent_commits.h"

namespace cistern {

using Warn = std::function<void(const std::string&)>;

class LogSet {
 public:
  struct MemoryLimits {
    std::uint64_t recent_bytes, received_bytes;  // as in StoreOptions
  };
  LogSet(std::string logs_dir, MemoryLimits limits, Warn warn);

  // A new or changed file; with the batches that were just committed to it, oldest first. In another
  // generation it has lost records: then none of it is in memory any more. `received`: the same records as
  // they came; may be null.
  void Put(const FileInfo& file, std::vector<RecentBatch> committed = {},
           RecentCommits::Commit received = nullptr);
  // Each second or so: memory that no reader asked for any more is freed.
  void DropUnasked();
  // Recent batches in the form they have now; see RecentBatches::Replace().
  void ReplaceRecent(std::vector<RecentBatch> pieces);
  // No id below `next_id` is to be looked for in memory any more.
  void ForgetRecent(std::uint64_t next_id);
  // The file will be deleted or was set aside; scans that come to it get `gone` as a gap.
  void Remove(std::uint64_t number, const std::vector<Gap>& gone);
  // At start: no id below is in memory; what was deleted before.
  void Start(std::uint64_t next_id, std::vector<Gap> gone);

  std::vector<FileInfo> Files() const;  // by number, hence by id
  bool Contains(std::uint64_t number) const;
  // Whether it is still there and no other took its place.
  bool IsSame(const FileInfo& file) const;
  // Whether it can be read: it is there, or kept for those who hold it.
  bool Keeps(const FileInfo& file) const;
  // Another file is about to take its place; it can be found with kOldSuffix now. Then Put() of the other
  // one, or BringBack().
  void Retire(const FileInfo& file);
  void BringBack(const FileInfo& file);
  // Whether one of this number is kept that was retired.
  bool HasRetired(std::uint64_t number) const;
  // Lets go of retired ones that nobody holds any more; `all`: of others too. Returns their names.
  std::vector<std::string> TakeRetired(bool all);
  // From memory: the batch that ends at or after (begins at or before) `id`.
  struct Found {
    bool in_memory = false;  // the answer is complete; without it look at the disk
    std::optional<RecentBatch> batch;
    RecentCommits::Commit received;  // instead of `batch`: it holds `id`
    std::optional<FileInfo> file;    // otherwise the file to look in; nothing when there is none
  };
  Found AtOrAfter(std::uint64_t id, bool as_received = false);
  Found AtOrBefore(std::uint64_t id) const;
  // Exactly this tail row from memory; null when it is not there (any more).
  std::shared_ptr<const std::string> RecentBlob(const BlockSummary& row) const;
  // How much of [first, last] retention deleted, but for what it took from between records of a file that are
  // left.
  std::optional<Gap> GoneBetween(std::uint64_t first, std::uint64_t last) const;

  // A connection to the file, or to a retired one. kNotFound: it is gone.
  Result<ReaderPool::Lease> Acquire(const FileInfo& file);
  ReaderPool& readers() { return readers_; }
  DeniedWords& denied_words() { return denied_words_; }
  const std::string& logs_dir() const { return logs_dir_; }
  std::string PathOf(const FileInfo& file) const { return logs_dir_ + "/" + file.name; }

  // Counts a batch that cannot be read, and warns of it, once.
  void Quarantine(const FileInfo& file, RecordId first, RecordId last);
  bool IsQuarantined(const FileInfo& file, RecordId first) const;
  // The same of a row whose own checksum is wrong. What it says of itself may be what a sound row says.
  void ReportDamagedRow(const FileInfo& file, RecordId first, RecordId last);
  // Between two neighbouring rows so many records are missing: counts and warns, once.
  void ReportHole(const FileInfo& file, RecordId after, RecordId before, std::uint64_t records);
  // An index or a part of it cannot be used. Nothing is lost by it; warns, once a file.
  void ReportIndexDamage(const FileInfo& file, RecordId first);
  // Warns, once a file, that a part of it cannot be read.
  void ReportPartlyUnreadable(const FileInfo& file);
  // Warns, once a file, that it cannot be read further.
  void ReportUnreadable(const FileInfo& file, const boost::system::error_code& error);
  void Warning(const std::string& text) const {
    if (warn_) warn_(text);
  }
  void MarkDamaged(std::uint64_t number);
  // A reader met damage in the file: nothing new should be entrusted to it.
  bool IsDamaged(std::uint64_t number) const;
  std::uint64_t quarantined() const { return quarantined_.load(std::memory_order_relaxed); }

 private:
  enum class Place { kNowhere, kCurrent, kRetired };
  Place PlaceOf(const FileInfo& file, FileInfo& now) const;
  void NoteDamage(const FileInfo& file, RecordId first, RecordId last, bool quarantined);

  // Constant after construction.
  const std::string logs_dir_;
  const Warn warn_;

  ReaderPool readers_;
  DeniedWords denied_words_;
  std::atomic<std::uint64_t> quarantined_{0};
  mutable std::mutex mutex_;  // guards all below
  std::map<std::uint64_t, FileInfo> files_;
  struct Retired {
    std::string name;
    std::weak_ptr<const char> held;
  };
  std::map<std::pair<std::uint64_t, std::uint32_t>, Retired> retired_;  // by number and generation
  RecentBatches recent_;
  RecentCommits received_;  // of the same ids as recent_, or fewer
  std::vector<Gap> gone_;
  struct Damage {
    std::uint64_t records = 0;  // at most
    bool quarantined = false;
  };
  std::map<std::pair<std::uint64_t, std::uint64_t>, Damage> damage_;  // by number of the file and first id
  std::set<std::uint64_t> unreadable_files_, partly_unreadable_files_, damaged_files_, bad_index_files_;
};

}  // namespace cistern
