// Start: files that were to take the place of others.
#include <dirent.h>
#include <unistd.h>

#include <cstdio>

#include "storage/sqlite/recovery.h"

namespace cistern {
namespace {

// A file is complete once it has the end of the runs: that is written last. One that is damaged does not take
// the place of one that may be whole.
bool IsComplete(const std::string& path) {
  if (!FileExists(path)) return false;
  const Result<std::unique_ptr<LogReader>> reader = LogReader::Open(path, /*closed=*/true);
  if (!reader) return false;
  const Result<LogReader::IdRuns> runs = (*reader)->Runs({});
  return runs && runs->thinned && (*reader)->Totals(Unsound::kRefused);
}

Result<void> PutInPlace(const std::string& path, const std::string& logs_dir) {
  // A -wal that is left must not meet the new file.
  for (const char* suffix : {"-wal", "-shm"}) ::unlink((path + suffix).c_str());
  if (const auto synced = SyncFolder(logs_dir); !synced) return synced;
  if (std::rename((path + kNewSuffix).c_str(), path.c_str()) != 0) return StoreErrc::kIoError;
  return {};
}

// Whichever of the two it is: the file tells its figures.
void ReadFigures(Catalog& catalog, const LogSet& logs, FileInfo& file, Catalog::ThinMark mark) {
  const std::string path = logs.PathOf(file);
  const Result<std::unique_ptr<LogReader>> reader = LogReader::Open(path, /*closed=*/true);
  if (!reader) return;
  const Result<BlockSummary> totals = (*reader)->Totals(Unsound::kRefused);
  if (!totals && totals.error() == StoreErrc::kCorrupt)
    logs.Warning("log file " + file.name + " is damaged; how many records it has left is not known");
  if (!totals || totals->records == 0) return;
  const Result<LogReader::IdRuns> runs = (*reader)->Runs(*totals);
  if (!runs) return;
  file.totals = *totals;
  file.bytes = FileBytesWithWal(path);
  mark.swapping = false;
  mark.thinned = runs->thinned;
  if (!mark.thinned) mark.fingerprint = mark.reached = 0;
  (void)catalog.PutThinned(file, mark);
}

void RemoveLeftovers(const std::string& logs_dir) {
  std::vector<std::string> names;
  if (DIR* dir = ::opendir(logs_dir.c_str())) {
    while (const dirent* entry = ::readdir(dir)) names.emplace_back(entry->d_name);
    ::closedir(dir);
  }
  for (const std::string& name : names)
    for (const char* suffix : {kNewSuffix, kOldSuffix})
      if (const std::size_t at = name.find(suffix); at != name.npos && ParseLogFileName(name.substr(0, at)))
        ::unlink((logs_dir + "/" + name).c_str());
}

}  // namespace

Result<void> FinishSwaps(Catalog& catalog, const LogSet& logs, std::map<std::uint64_t, FileInfo>& known) {
  const Result<std::vector<Catalog::ThinMark>> marks = catalog.ThinMarks();
  if (!marks) return marks.error();
  for (const Catalog::ThinMark& mark : *marks) {
    const auto file = known.find(mark.number);
    if (!mark.swapping || file == known.end()) continue;
    const std::string path = logs.PathOf(file->second);
    if (IsComplete(path + kNewSuffix))
      if (const auto put = PutInPlace(path, logs.logs_dir()); !put) return put;
    if (const auto synced = SyncFolder(logs.logs_dir()); !synced) return synced;
    ReadFigures(catalog, logs, file->second, mark);
  }
  RemoveLeftovers(logs.logs_dir());
  return {};
}

}  // namespace cistern
