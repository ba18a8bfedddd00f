#include "storage/care/check.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "storage/care/log_check.h"
#include "storage/care/temp_path.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/dir_lock.h"

namespace cistern {
namespace {

constexpr char kCatalogName[] = "catalog.db";

// What the catalog says.
struct CatalogView {
  std::vector<FileInfo> files;
  std::vector<std::uint64_t> deleting;  // numbers of files whose deletion has begun
};

Result<CatalogView> ReadCatalog(const std::string& path) {
  Result<std::unique_ptr<Catalog>> catalog = Catalog::OpenReadOnly(path);
  if (!catalog) return catalog.error();
  CatalogView view;
  Result<std::vector<FileInfo>> files = (*catalog)->Files();
  if (!files) return files.error();
  view.files = std::move(*files);
  const Result<std::vector<FileInfo>> deleting = (*catalog)->HalfDeletedFiles();
  if (!deleting) return deleting.error();
  for (const FileInfo& file : *deleting) view.deleting.push_back(file.number);
  return view;
}

// Of a store in use: nothing but its own connection may read the catalog, so it makes a copy.
Result<CatalogView> CopyAndReadCatalog(Store& store, const std::string& dir) {
  const std::string path = CareTempPath(dir);
  Result<void> copied = store.CopyCatalog(path);
  Result<CatalogView> view = copied ? ReadCatalog(path) : Result<CatalogView>(copied.error());
  ::unlink(path.c_str());
  return view;
}

bool SameTotals(const BlockSummary& a, const BlockSummary& b) {
  if (a.records == 0 || b.records == 0) return a.records == b.records;
  return a.records == b.records && a.first_id == b.first_id && a.last_id == b.last_id &&
         a.min_received == b.min_received && a.max_received == b.max_received && a.min_time == b.min_time &&
         a.max_time == b.max_time;
}

class StoreCheckImpl final : public StoreCheck {
 public:
  explicit StoreCheckImpl(std::string dir) : dir_(std::move(dir)) {}

  Result<void> BeginLive(Store& store) {
    store_ = &store;
    until_ = ToInt(store.last_id());
    Result<CatalogView> view = CopyAndReadCatalog(store, dir_);
    if (!view) return view.error();
    files_ = std::move(view->files);
    AddSizes();
    return {};
  }

  Result<void> BeginOffline(std::string& holder) {
    Result<std::unique_ptr<DirLock>> lock = DirLock::Take(dir_, holder);
    if (!lock) return lock.error();
    lock_ = std::move(*lock);
    Result<CatalogView> view = ReadCatalog(dir_ + "/" + kCatalogName);
    if (view) {
      files_ = view->files;
    } else {
      has_catalog_ = false;
      AddFinding({.kind = FindingKind::kCatalog,
                  .file = kCatalogName,
                  .text = view.error() == StoreErrc::kNotFound
                              ? "is missing; the next start makes a new one, with another store id"
                              : "cannot be read: " + view.error().message() +
                                    "; the next start makes a new one and loses cursors"});
    }
    AddUnlisted(view ? view->deleting : std::vector<std::uint64_t>());
    AddSizes();
    return {};
  }

  void Step(std::vector<Finding>& findings) override {
    findings.insert(findings.end(), begin_findings_.begin(), begin_findings_.end());
    begin_findings_.clear();
    if (log_) {
      if (!log_->Step(findings)) EndFile(findings);
    } else if (next_ < files_.size()) {
      BeginFile(findings);
    } else {
      done_ = true;
    }
  }
  bool done() const override { return done_; }
  const CheckProgress& progress() const override { return progress_; }

 private:
  std::string PathOf(const FileInfo& file) const { return dir_ + "/logs/" + file.name; }
  static std::string NameOf(const FileInfo& file) { return "logs/" + file.name; }

  void AddFinding(Finding finding) {
    ++progress_.findings;
    begin_findings_.push_back(std::move(finding));
  }

  // Log files that the catalog does not know. The process may have died before it could write one down, but
  // then nothing is in it.
  void AddUnlisted(const std::vector<std::uint64_t>& deleting) {
    std::map<std::uint64_t, FileInfo> all;
    for (const FileInfo& file : files_) all[file.number] = file;
    if (DIR* dir = ::opendir((dir_ + "/logs").c_str())) {
      while (const dirent* entry = ::readdir(dir)) {
        const std::optional<LogFileId> id = ParseLogFileName(entry->d_name);
        if (!id || id->damaged || all.contains(id->number)) continue;
        if (std::ranges::find(deleting, id->number) != deleting.end()) continue;
        all[id->number] = {.number = id->number, .name = entry->d_name};
        unlisted_.push_back(id->number);
      }
      ::closedir(dir);
    }
    files_.clear();
    for (auto& [number, file] : all) files_.push_back(std::move(file));
  }

  void AddSizes() {
    progress_.files = files_.size();
    for (const FileInfo& file : files_) progress_.bytes += FileBytesWithWal(PathOf(file));
  }

  void BeginFile(std::vector<Finding>& findings) {
    const FileInfo& file = files_[next_];
    progress_.file = NameOf(file);
    file_begin_ = progress_.bytes_done;
    file_bytes_ = FileBytesWithWal(PathOf(file));
    LogCheck::Options options{.path = PathOf(file), .name = NameOf(file), .after = last_id_};
    options.in_use = store_ != nullptr && (!file.closed || FileExists(options.path + "-wal"));
    options.may_vanish = store_ != nullptr;
    if (store_ != nullptr) options.until = until_;
    log_ = std::make_unique<LogCheck>(std::move(options), progress_, findings);
  }

  void EndFile(std::vector<Finding>& findings) {
    const FileInfo& file = files_[next_++];
    if (log_->complete() && !FitsCatalog(file)) {
      Finding finding{.kind = FindingKind::kCatalog, .file = NameOf(file), .repairable = true};
      finding.text = "the catalog has other figures of it";
      ++progress_.findings;
      findings.push_back(std::move(finding));
    }
    last_id_ = log_->last_id();
    ++progress_.files_done;
    progress_.bytes_done = file_begin_ + file_bytes_;
    log_.reset();
  }

  // The catalog has figures of complete files only.
  bool FitsCatalog(const FileInfo& file) {
    if (std::ranges::find(unlisted_, file.number) != unlisted_.end())
      return !has_catalog_ || log_->totals().records == 0;
    if (!file.closed || SameTotals(file.totals, log_->totals())) return true;
    if (store_ == nullptr) return false;
    // Retention may have rewritten the file since.
    const Result<CatalogView> now = CopyAndReadCatalog(*store_, dir_);
    if (!now) return true;
    const auto same = std::ranges::find(now->files, file.number, &FileInfo::number);
    return same == now->files.end() || !SameTotals(same->totals, file.totals) || !FileExists(PathOf(file));
  }

  const std::string dir_;
  Store* store_ = nullptr;  // null: offline
  std::unique_ptr<DirLock> lock_;
  std::uint64_t until_ = UINT64_MAX;
  bool has_catalog_ = true, done_ = false;
  std::vector<FileInfo> files_;
  std::vector<std::uint64_t> unlisted_;  // numbers
  std::size_t next_ = 0;
  std::uint64_t last_id_ = 0;
  std::unique_ptr<LogCheck> log_;  // of files_[next_]
  std::uint64_t file_begin_ = 0, file_bytes_ = 0;
  CheckProgress progress_;
  std::vector<Finding> begin_findings_;
};

}  // namespace

Result<std::unique_ptr<StoreCheck>> StoreCheck::OfStore(Store& store, const std::string& dir) {
  auto check = std::make_unique<StoreCheckImpl>(dir);
  if (const auto begun = check->BeginLive(store); !begun) return begun.error();
  return std::unique_ptr<StoreCheck>(std::move(check));
}

Result<std::unique_ptr<StoreCheck>> StoreCheck::OfDir(const std::string& dir, std::string& holder) {
  if (!FileExists(dir + "/logs")) return StoreErrc::kNotFound;
  auto check = std::make_unique<StoreCheckImpl>(dir);
  if (const auto begun = check->BeginOffline(holder); !begun) return begun.error();
  return std::unique_ptr<StoreCheck>(std::move(check));
}

}  // namespace cistern
