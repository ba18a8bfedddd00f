#include "storage/sqlite/recovery.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

struct Listing {
  std::map<std::uint64_t, std::string> files;  // usable names, by number
  std::uint64_t last_number = 0;               // damaged ones included
};

Result<Listing> List(const std::string& logs_dir) {
  DIR* dir = ::opendir(logs_dir.c_str());
  if (dir == nullptr) return StoreErrc::kNoAccess;
  Listing listing;
  while (const dirent* entry = ::readdir(dir)) {
    const std::optional<LogFileId> id = ParseLogFileName(entry->d_name);
    if (!id) continue;
    listing.last_number = std::max(listing.last_number, id->number);
    if (!id->damaged) listing.files[id->number] = entry->d_name;
  }
  ::closedir(dir);
  return listing;
}

std::vector<Gap> WholeRange(const FileInfo& file) {
  if (file.totals.records == 0) return {};
  return {{file.totals.first_id, file.totals.last_id, file.totals.records}};
}

// The process died between the two steps of a deletion.
void FinishDeletions(Catalog& catalog, const LogSet& logs, Listing& listing) {
  const Result<std::vector<FileInfo>> half_deleted = catalog.HalfDeletedFiles();
  if (!half_deleted) return;
  for (const FileInfo& file : *half_deleted) {
    RemoveLogFile(logs.PathOf(file));
    listing.files.erase(file.number);
    if (SyncFolder(logs.logs_dir())) (void)catalog.DropFile(file.number);
  }
}

// The catalog knows files that are not there.
void ForgetMissing(Catalog& catalog, LogSet& logs, const Listing& listing,
                   std::map<std::uint64_t, FileInfo>& known) {
  for (auto at = known.begin(); at != known.end();) {
    if (listing.files.contains(at->first)) {
      ++at;
      continue;
    }
    logs.Warning("log file " + at->second.name + " is missing");
    (void)catalog.BeginDelete(at->first, WholeRange(at->second));
    (void)catalog.DropFile(at->first);
    at = known.erase(at);
  }
}

// Of two files that were open at the same time, each may know the newer sequence.
void AddClients(ClientMap& clients, const ClientMap& more) {
  for (const auto& [id, state] : more) {
    ClientState& known = clients[id];
    known = {std::max(known.sequence, state.sequence), std::max(known.last_seen, state.last_seen)};
  }
}

// A file that was not closed in order: its WAL is brought in, its figures are read.
Result<void> CloseOldFile(LogSet& logs, Sync sync, FileInfo& file, Recovered& recovered) {
  Result<std::unique_ptr<LogFile>> opened = LogFile::Open(logs.PathOf(file), sync, /*thorough=*/true);
  if (!opened) return opened.error();
  file.totals = (*opened)->totals();
  if (const Result<ClientMap> clients = (*opened)->Clients(); clients)
    AddClients(recovered.clients, *clients);
  while ((*opened)->HasTailRows())
    if (!(*opened)->SealNow()) break;  // then it stays as it is
  (void)(*opened)->Shrink();
  if (const Result<void> done = (*opened)->Checkpoint(/*truncate=*/true); !done) return done;
  opened->reset();
  file.bytes = FileBytesWithWal(logs.PathOf(file));
  file.closed = true;
  recovered.closed.push_back(file);
  return {};
}

Result<void> OpenCurrent(LogSet& logs, Sync sync, bool was_closed, FileInfo& file, Recovered& recovered) {
  Result<std::unique_ptr<LogFile>> opened = LogFile::Open(logs.PathOf(file), sync, /*thorough=*/true);
  if (!opened) return opened.error();
  if (!(*opened)->writable()) {  // of an older release: it is closed, and a new one follows
    opened->reset();
    return CloseOldFile(logs, sync, file, recovered);
  }
  Result<ClientMap> clients = (*opened)->Clients();
  if (!clients) return clients.error();
  // After a stop in order the catalog knows what must be there.
  if (was_closed && file.totals.records != 0 && file.totals.last_id > (*opened)->totals().last_id)
    return StoreErrc::kCorrupt;
  if ((*opened)->damaged_clients() != 0)
    logs.Warning("sequences of clients in " + file.name + " are damaged; some may be lost");
  AddClients(recovered.clients, *clients);
  recovered.current = std::move(*opened);
  file.totals = recovered.current->totals();
  file.closed = false;
  recovered.current_info = file;
  return {};
}

// The process died while it made the file, before the catalog heard of it.
bool IsUnfinished(const std::string& path) {
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return false;
  const Result<std::int64_t> version = CheckSchema(*database, kLogApplicationId);
  return version && *version == 0;
}

// A damaged file gets nothing more; what can be read of it is served from now on. False when that is nothing.
bool KeepForReading(Catalog& catalog, LogSet& logs, FileInfo file) {
  const std::string path = logs.PathOf(file);
  Result<std::unique_ptr<LogReader>> reader = LogReader::Open(path, /*closed=*/true);
  if (!reader) return false;
  const Result<BlockSummary> totals = (*reader)->Totals();
  if (!totals || totals->records == 0) return false;
  if (!file.closed) file.totals = *totals;
  file.closed = true;
  file.bytes = FileBytesWithWal(path);
  logs.Warning("log file " + file.name +
               " is damaged; what can be read of it is served, new records go elsewhere");
  (void)catalog.PutFile(file);
  logs.Put(file);
  logs.MarkDamaged(file.number);
  return true;
}

std::shared_ptr<const std::vector<Gap>> OriginalsOf(const std::string& path, const FileInfo& file) {
  const Result<std::unique_ptr<LogReader>> reader = LogReader::Open(path, file.closed);
  if (!reader) return nullptr;
  Result<LogReader::IdRuns> runs = (*reader)->Runs(file.totals);
  if (!runs || !runs->thinned || runs->runs.empty()) return nullptr;
  return std::make_shared<const std::vector<Gap>>(std::move(runs->runs));
}

// One file of the listing: into `logs` when it is usable, set aside when not.
Result<void> TakeIn(Catalog& catalog, LogSet& logs, Sync sync, FileInfo file, bool newest, bool in_catalog,
                    bool thinned, Recovered& recovered) {
  const std::string path = logs.PathOf(file);
  Result<void> done;
  if (newest && !file.closed && !file.imported) {
    done = OpenCurrent(logs, sync, catalog.was_closed(), file, recovered);
  } else if (!file.closed || FileExists(path + "-wal")) {
    done = CloseOldFile(logs, sync, file, recovered);
  }
  if (!done && done.error() == StoreErrc::kCorrupt) {
    if (!in_catalog && IsUnfinished(path)) {
      RemoveLogFile(path);
    } else if (!KeepForReading(catalog, logs, file)) {
      SetAside(catalog, logs, file, file.closed);
    }
    for (const FileInfo& kept : logs.Files())
      recovered.last_id = std::max(recovered.last_id, ToInt(kept.totals.last_id));
    return {};
  }
  if (!done && done.error() != StoreErrc::kDiskFull) return done;
  if (newest && !file.closed) recovered.current_info = file;
  if (!in_catalog) (void)catalog.PutFile(file);
  if (file.closed && (thinned || !in_catalog || catalog.lost_rows()))
    file.originals = OriginalsOf(path, file);
  recovered.last_id = std::max(recovered.last_id, ToInt(file.last_id_ever()));
  file.bytes = FileBytesWithWal(path);
  logs.Put(file);
  return {};
}

void LoadClients(const LogSet& logs, const FileInfo& file, Sync sync, Recovered& recovered) {
  Result<std::unique_ptr<LogFile>> opened = LogFile::Open(logs.PathOf(file), sync, /*thorough=*/false);
  if (!opened) return;
  if (const Result<ClientMap> clients = (*opened)->Clients(); clients)
    AddClients(recovered.clients, *clients);
}

// The newest file was damaged, or closed before the next one could be made. At most one import follows the
// newest live file, and each may know sequences that the other does not.
void LoadOlderClients(const LogSet& logs, Sync sync, Recovered& recovered) {
  if (recovered.current) return;
  const std::vector<FileInfo> files = logs.Files();
  const std::size_t last = std::min<std::size_t>(files.size(), 2);
  for (auto file = files.end() - static_cast<std::ptrdiff_t>(last); file != files.end(); ++file)
    LoadClients(logs, *file, sync, recovered);
}

// A closed file is not asked for sequences again, so the current one must know them first.
void ListClosed(Catalog& catalog, const Recovered& recovered) {
  if (recovered.closed.empty()) return;
  if (!recovered.current || !recovered.current->KeepClients(recovered.clients)) return;
  for (const FileInfo& file : recovered.closed) (void)catalog.PutFile(file);
}

}  // namespace

void SetAside(Catalog& catalog, LogSet& logs, const FileInfo& file, bool known) {
  const std::string path = logs.PathOf(file);
  for (const char* suffix : {"", "-wal", "-shm"})
    std::rename((path + suffix).c_str(), (path + ".damaged" + suffix).c_str());
  logs.Warning("log file " + file.name + " is damaged; it was renamed to " + file.name +
               ".damaged and its records are left out");
  const std::vector<Gap> gone = known ? WholeRange(file) : std::vector<Gap>();
  (void)catalog.BeginDelete(file.number, gone);
  (void)catalog.DropFile(file.number);
  logs.Remove(file.number, gone);
}

Result<Recovered> Recover(Catalog& catalog, LogSet& logs, Sync sync, std::int64_t now) {
  const Result<std::vector<FileInfo>> listed = catalog.Files();
  if (!listed) return listed.error();
  std::map<std::uint64_t, FileInfo> known;
  for (const FileInfo& file : *listed) known[file.number] = file;
  if (const auto finished = FinishSwaps(catalog, logs, known); !finished) return finished.error();
  Result<Listing> listing = List(logs.logs_dir());
  if (!listing) return listing.error();
  FinishDeletions(catalog, logs, *listing);
  ForgetMissing(catalog, logs, *listing, known);

  std::set<std::uint64_t> thinned_files;
  if (const auto marks = catalog.ThinMarks(); marks)
    for (const Catalog::ThinMark& mark : *marks)
      if (mark.thinned) thinned_files.insert(mark.number);
  Recovered recovered;
  recovered.last_file_number = std::max(catalog.last_file_number(), listing->last_number);
  for (const auto& [number, name] : listing->files) {
    const bool newest = number == listing->files.rbegin()->first;
    const bool in_catalog = known.contains(number);
    const FileInfo file = in_catalog ? known[number] : FileInfo{.number = number, .name = name};
    const bool thinned = thinned_files.contains(number);
    if (const auto done = TakeIn(catalog, logs, sync, file, newest, in_catalog, thinned, recovered); !done)
      return done.error();
  }
  LoadOlderClients(logs, sync, recovered);
  ListClosed(catalog, recovered);
  for (auto at = recovered.clients.begin(); at != recovered.clients.end();)
    at = at->second.last_seen < now - kClientIdleNs ? recovered.clients.erase(at) : std::next(at);
  return recovered;
}

}  // namespace cistern
