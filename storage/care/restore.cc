#include "storage/care/restore.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "storage/care/archive_names.h"
#include "storage/care/file_io.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/dir_lock.h"
#include "storage/sqlite/log_reader.h"

namespace cistern {
namespace {

using Done = Result<void, std::string>;
constexpr char kTemp[] = "restore.tmp";
constexpr std::uint64_t kSkippedIds = std::uint64_t{1} << 20;

std::string Failure(const std::string& path, const boost::system::error_code& error) {
  return path + ": " + error.message();
}

// Writes the members below a directory, each durable before the next.
class Extractor final : public ArchiveSink {
 public:
  explicit Extractor(std::string dir) : dir_(std::move(dir)) {}

  Done Begin(const TarMember& member) override {
    path_ = dir_ + "/" + member.name;
    Result<FileHandle> file = FileHandle::Create(path_);
    if (!file) return Failure(path_, file.error());
    file_ = std::move(*file);
    return {};
  }
  Done Data(std::string_view octets) override { return Say(file_.Write(octets)); }
  Done End() override {
    Done done = Say(file_.Sync());
    file_.Close();
    return done;
  }

 private:
  Done Say(const Result<void>& done) const {
    if (!done) return Failure(path_, done.error());
    return {};
  }
  const std::string dir_;
  std::string path_;
  FileHandle file_;
};

Done MakeDir(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return path + ": " + std::strerror(errno);
}

Done CheckEmpty(const std::string& dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (name != "LOCK" && name != "lost+found" && name != kTemp)
      return dir + " is not empty (it holds " + name + "): give a new or an empty directory";
  }
  if (error) return dir + ": " + error.message();
  return {};
}

// Retention may have taken records out of a file after the catalog was copied: a start then asks the file.
Done MarkThinned(const std::string& dir) {
  const std::string path = dir + "/" + kCatalogMember;
  Result<std::unique_ptr<Catalog>> catalog = Catalog::Open(path);
  if (!catalog) return Failure(path, catalog.error());
  const Result<std::vector<FileInfo>> files = (*catalog)->Files();
  if (!files) return Failure(path, files.error());
  for (const FileInfo& file : *files) {
    const auto reader = LogReader::Open(dir + "/logs/" + file.name, file.closed);
    if (!reader || !file.closed) continue;
    const auto runs = (*reader)->Runs(file.totals);
    if (!runs || !runs->thinned) continue;
    const auto done = (*catalog)->PutThinMark({.number = file.number, .swapping = true});
    if (!done) return Failure(path, done.error());
  }
  return {};
}

// Brings catalog and files together, as every start does, and says what is there.
Done OpenOnce(const std::string& dir, Restored& restored) {
  StoreOptions options;
  options.dir = dir;
  options.recent_bytes = 0;
  options.free_space_reserve = 0;
  const auto store = Store::Open(options, [&](const std::string& text) { restored.notes.push_back(text); });
  if (!store) return "the restored store does not open: " + store.error().message();
  const StoreStats stats = (*store)->Stats();
  restored.log_files = stats.log_files;
  restored.records = stats.records;
  restored.first_id = stats.first_id;
  restored.last_id = stats.last_id;
  return {};
}

Done MakeOwn(const std::string& dir, Restored& restored) {
  const std::string path = dir + "/" + kCatalogMember;
  Result<std::unique_ptr<Catalog>> catalog = Catalog::Open(path);
  if (!catalog) return Failure(path, catalog.error());
  restored.next_id = std::max((*catalog)->reserved_id(), ToInt(restored.last_id)) + kSkippedIds + 1;
  const auto done = (*catalog)->BecomeAnotherStore(restored.last_id, restored.next_id);
  if (!done) return Failure(path, done.error());
  restored.store_id = (*catalog)->store_id();
  return {};
}

// The catalog last: without it the directory holds records, but is not this store yet.
Done MoveIntoPlace(const std::string& temp, const std::string& dir) {
  for (const std::string name : {"logs", kCatalogMember})
    if (std::rename((temp + "/" + name).c_str(), (dir + "/" + name).c_str()) != 0)
      return dir + "/" + name + ": " + std::strerror(errno);
  for (const std::string& path : {dir + "/logs", dir})
    if (const auto synced = SyncDir(path); !synced) return Failure(path, synced.error());
  return {};
}

Done RestoreInto(const std::string& archive, const std::string& dir, const LongWork& work,
                 Restored& restored) {
  const std::string temp = dir + "/" + kTemp;
  std::error_code ignored;
  std::filesystem::remove_all(temp, ignored);
  for (const std::string& path : {temp, temp + "/logs"})
    if (const Done made = MakeDir(path); !made) return made;
  Extractor extractor(temp);
  ArchiveInfo info;
  if (const Done read = ReadArchive(archive, extractor, work, info); !read)
    return archive + ": " + read.error();
  restored.about = std::move(info.about);
  if (const Done marked = MarkThinned(temp); !marked) return marked;
  if (const Done opened = OpenOnce(temp, restored); !opened) return opened;
  if (const Done done = MakeOwn(temp, restored); !done) return done;
  return MoveIntoPlace(temp, dir);
}

}  // namespace

Result<void, std::string> RestoreBackup(const std::string& archive, const std::string& dir,
                                        const LongWork& work, Restored& restored) {
  if (Done made = MakeDir(dir); !made) return made;
  if (Done empty = CheckEmpty(dir); !empty) return empty;
  std::string holder;
  const auto lock = DirLock::Take(dir, holder);
  if (!lock) return holder.empty() ? Failure(dir, lock.error()) : "process " + holder + " uses " + dir;
  Done done = RestoreInto(archive, dir, work, restored);
  std::error_code ignored;
  std::filesystem::remove_all(dir + "/" + kTemp, ignored);
  return done;
}

}  // namespace cistern
