#include "storage/care/repair.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "storage/care/file_io.h"
#include "storage/care/log_check.h"
#include "storage/care/log_rewrite.h"
#include "storage/care/temp_path.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/dir_lock.h"

namespace cistern {
namespace {

using Done = Result<void, std::string>;

// Only the records are gone.
constexpr std::uint64_t kNoFile = 0;

std::string Failure(const std::string& path, const boost::system::error_code& error) {
  return path + ": " + error.message();
}

std::string SystemFailure(const std::string& path) { return path + ": " + std::strerror(errno); }

class Repair {
 public:
  Repair(std::string dir, const LongWork& work, const std::function<void(const Finding&)>& report)
      : dir_(std::move(dir)), work_(work), report_(report) {}

  Done Run() {
    std::string holder;
    Result<std::unique_ptr<DirLock>> lock = DirLock::Take(dir_, holder);
    if (!lock) return holder.empty() ? Failure(dir_, lock.error()) : "process " + holder + " uses " + dir_;
    RemoveCareLeftovers(dir_);
    Result<std::vector<FileInfo>> files = Files();
    if (!files) return Failure(dir_, files.error());
    for (FileInfo& file : *files)
      if (const Done done = RepairFile(file); !done) return done;
    catalog_.reset();
    lock->reset();
    return OpenOnce();
  }

 private:
  std::string PathOf(const FileInfo& file) const { return dir_ + "/logs/" + file.name; }

  Result<std::vector<FileInfo>> Files() {
    const std::string path = dir_ + "/catalog.db";
    if (!FileExists(path)) return std::vector<FileInfo>();
    Result<std::unique_ptr<Catalog>> catalog = Catalog::Open(path);
    // A start sets it aside and finds the files by itself.
    if (!catalog && catalog.error() == StoreErrc::kCorrupt) return std::vector<FileInfo>();
    if (!catalog) return catalog.error();
    catalog_ = std::move(*catalog);
    return catalog_->Files();
  }

  // What a start mends: a missing or damaged catalog, files it does not know, files that are missing.
  Done OpenOnce() {
    StoreOptions options;
    options.dir = dir_;
    options.recent_bytes = 0;
    options.free_space_reserve = 0;
    const auto store = Store::Open(options, [this](const std::string& text) {
      report_({.kind = FindingKind::kCatalog, .file = "catalog.db", .text = "repaired: " + text});
    });
    if (!store) return Failure(dir_, store.error());
    return {};
  }

  Done RepairFile(FileInfo& file) {
    const std::string path = PathOf(file);
    if (!FileExists(path)) return {};
    std::vector<Finding> findings;
    CheckProgress progress;
    LogCheck check({.path = path, .name = "logs/" + file.name, .after = last_id_}, progress, findings);
    while (check.Step(findings))
      if (work_.stop.stop_requested()) return std::string("stopped");
    const bool mend = std::ranges::any_of(findings, &Finding::repairable);
    BlockSummary totals = check.totals();
    if (mend)
      if (const Done done = Rewrite(file, totals); !done) return done;
    if (check.last_id() > last_id_) last_id_ = check.last_id();
    if (mend || (check.complete() && file.closed && totals.records != file.totals.records))
      return TellCatalog(file, totals, mend);
    return {};
  }

  // The file as it should be takes the place of the one there is.
  Done Rewrite(const FileInfo& file, BlockSummary& totals) {
    const std::string path = PathOf(file), temp = CareTempPath(dir_);
    FoldWal(path);
    RewriteResult result;
    const auto done = RewriteLog(path, temp, last_id_, result);
    if (!done) {
      RemoveLogFile(temp);
      return Failure(path, done.error());
    }
    totals = result.totals;
    // A -wal that is left must not meet the new file.
    if (!result.kept_everything || FileBytes(path + "-wal") != 0)
      if (const Done kept = KeepOriginal(path); !kept) return kept;
    ::unlink((path + "-wal").c_str());
    ::unlink((path + "-shm").c_str());
    if (std::rename(temp.c_str(), path.c_str()) != 0) return SystemFailure(path);
    if (const auto synced = SyncDir(dir_ + "/logs"); !synced) return Failure(path, synced.error());
    for (Finding& finding : result.done) {
      finding.file = "logs/" + file.name;
      report_(finding);
    }
    if (!result.thinned) lost_ = std::move(result.lost);  // else the file itself tells of all that is gone
    return {};
  }

  void FoldWal(const std::string& path) {
    Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
    if (database) (void)database->Checkpoint(/*truncate=*/true);
  }

  // Pages were unreadable: the original stays for who wants to try more.
  Done KeepOriginal(const std::string& path) {
    for (const char* suffix : {"", "-wal"}) {
      const std::string from = path + suffix, to = path + ".damaged" + suffix;
      if (!FileExists(from)) continue;
      ::unlink(to.c_str());
      if (::link(from.c_str(), to.c_str()) != 0) return SystemFailure(to);
    }
    return {};
  }

  Done TellCatalog(FileInfo& file, const BlockSummary& totals, bool rewritten) {
    if (!catalog_) return {};
    file.totals = totals;
    file.bytes = FileBytesWithWal(PathOf(file));
    Result<void> done = catalog_->PutFile(file);
    if (done && rewritten && !lost_.empty()) done = catalog_->BeginDelete(kNoFile, lost_);
    lost_.clear();
    if (!done) return Failure("catalog.db", done.error());
    if (!rewritten)
      report_({.kind = FindingKind::kCatalog,
               .file = "logs/" + file.name,
               .text = "repaired: the catalog has the right figures of it"});
    return {};
  }

  const std::string dir_;
  const LongWork& work_;
  const std::function<void(const Finding&)>& report_;
  std::unique_ptr<Catalog> catalog_;
  std::uint64_t last_id_ = 0;
  std::vector<Gap> lost_;  // of the file just rewritten
};

}  // namespace

Result<void, std::string> RepairStore(const std::string& dir, const LongWork& work,
                                      const std::function<void(const Finding&)>& report) {
  return Repair(dir, work, report).Run();
}

}  // namespace cistern
