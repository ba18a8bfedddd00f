#include "storage/care/backup.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "storage/care/archive_names.h"
#include "storage/care/file_io.h"
#include "storage/care/sha256.h"
#include "storage/care/tar.h"
#include "storage/care/temp_path.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/log_copy.h"

namespace cistern {
namespace {

std::string UtcTime(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

class BackupImpl final : public Backup {
 public:
  explicit BackupImpl(Options options)
      : options_(std::move(options)),
        created_(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())) {}

  ~BackupImpl() override {
    if (!copy_path_.empty()) ::unlink(copy_path_.c_str());
  }

  Result<void> Begin(Store& store) {
    At("backup.begin");
    const std::string path = CareTempPath(options_.dir);
    if (const auto copied = store.CopyCatalog(path); !copied) {
      ::unlink(path.c_str());
      return copied;
    }
    Result<std::unique_ptr<Catalog>> catalog = Catalog::OpenReadOnly(path);
    Result<FileHandle> handle = FileHandle::OpenToRead(path);
    ::unlink(path.c_str());
    if (!catalog) return catalog.error();
    if (!handle) return handle.error();
    catalog_ = std::move(*handle);
    Result<std::vector<FileInfo>> files = (*catalog)->Files();
    if (!files) return files.error();
    files_ = std::move(*files);
    Plan((*catalog)->store_id());
    At("backup.catalog");
    return {};
  }

  Result<void> Next(std::size_t most, std::string& out) override {
    out.clear();
    Result<void> done;
    if (copy_) {
      done = StepCopy();
    } else if (left_ == 0) {
      done = OpenNext(out);
    } else {
      done = ReadPiece(most, out);
    }
    progress_.bytes += out.size();
    return done;
  }

  bool done() const override { return done_; }
  const BackupProgress& progress() const override { return progress_; }
  std::vector<std::string> TakeNotes() override { return std::exchange(notes_, {}); }

 private:
  void At(std::string_view point) const {
    if (options_.at_point) options_.at_point(point);
  }

  std::string PathOf(const FileInfo& file) const { return options_.dir + "/" + kLogsPrefix + file.name; }

  void Plan(const std::string& store_id) {
    about_ = std::string(kBackupTitle) + "\nstore_id: " + store_id + "\ncreated: " + UtcTime(created_) +
             "\nlog_files: " + std::to_string(files_.size()) + "\n";
    progress_.files = files_.size();
    const Result<std::uint64_t> catalog = catalog_.Size();
    progress_.bytes_expected = catalog ? *catalog : 0;
    for (const FileInfo& file : files_) progress_.bytes_expected += FileBytesWithWal(PathOf(file));
  }

  // Member 0 says what this is, 1 is the catalog, then come the files, the checksums and the end.
  Result<void> OpenNext(std::string& out) {
    const std::size_t member = next_++;
    if (member == 0) return BeginText(kBackupMember, about_, out);
    if (member == 1) return BeginFile(kCatalogMember, std::move(catalog_), out);
    if (member - 2 < files_.size()) return OpenLog(files_[member - 2], out);
    if (member - 2 == files_.size()) return BeginText(kChecksumsMember, sums_, out);
    out.assign(kTarEnd, '\0');
    done_ = true;
    At("backup.done");
    return {};
  }

  Result<void> OpenLog(const FileInfo& file, std::string& out) {
    const std::string path = PathOf(file);
    progress_.file = kLogsPrefix + file.name;
    At("backup.file");
    // Without a -wal it is complete.
    if (!file.closed || FileExists(path + "-wal")) return BeginCopy(file);
    Result<FileHandle> handle = FileHandle::OpenToRead(path);
    if (!handle) return handle.error() == StoreErrc::kNotFound ? Skip(file) : handle.error();
    return BeginFile(progress_.file, std::move(*handle), out);
  }

  Result<void> BeginCopy(const FileInfo& file) {
    const std::string path = PathOf(file);
    if (!HasRoom(FileBytesWithWal(path))) return StoreErrc::kDiskFull;
    copy_path_ = CareTempPath(options_.dir);
    Result<FileHandle> handle = FileHandle::Create(copy_path_);
    if (!handle) return handle.error();
    Result<std::unique_ptr<LogCopy>> copy = LogCopy::Begin(path, copy_path_);
    ::unlink(copy_path_.c_str());  // it lives on until it is closed
    copy_path_.clear();
    if (!copy) return CannotCopy(file, copy.error());
    copied_ = std::move(*handle);
    copy_ = std::move(*copy);
    At("backup.copy");
    return {};
  }

  Result<void> StepCopy() {
    const FileInfo& file = files_[next_ - 3];
    const Result<LogCopy::State> state = copy_->Step();
    if (!state) {
      copy_.reset();
      return CannotCopy(file, state.error());
    }
    if (*state == LogCopy::State::kCopying) return {};
    copy_.reset();
    At("backup.copied");
    return BeginFile(progress_.file, std::move(copied_), header_);
  }

  Result<void> CannotCopy(const FileInfo& file, const boost::system::error_code& error) {
    if (!FileExists(PathOf(file))) return Skip(file);
    if (error != StoreErrc::kCorrupt) return error;
    notes_.push_back(progress_.file + " is damaged and was left out; `cisternctl store check` says more");
    ++progress_.files_done;
    return {};
  }

  Result<void> Skip(const FileInfo& file) {
    notes_.push_back(std::string(kLogsPrefix) + file.name + " was deleted while the backup was made");
    ++progress_.files_done;
    return {};
  }

  Result<void> BeginText(const char* name, std::string text, std::string& out) {
    text_ = std::move(text);
    BeginMember(name, text_.size(), out);
    return {};
  }

  Result<void> BeginFile(const std::string& name, FileHandle handle, std::string& out) {
    const Result<std::uint64_t> size = handle.Size();
    if (!size) return size.error();
    if (*size == 0) return StoreErrc::kCorrupt;  // no database is empty
    source_ = std::move(handle);
    BeginMember(name, *size, out);
    return {};
  }

  void BeginMember(const std::string& name, std::uint64_t size, std::string& out) {
    const auto header = TarHeader({name, size, created_});
    out.append(header.data(), header.size());
    name_ = name;
    size_ = left_ = size;
  }

  Result<void> ReadPiece(std::size_t most, std::string& out) {
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(left_, most));
    std::string piece;
    if (source_.is_open()) {
      if (const auto read = source_.Read(size_ - left_, length, piece); !read) return read;
      if (piece.size() < length) return StoreErrc::kIoError;  // somebody else truncated it
    } else {
      piece = text_.substr(size_ - left_, length);
    }
    sum_.Add(piece);
    left_ -= length;
    out = std::exchange(header_, {}) + piece;
    if (left_ == 0) EndMember(out);
    return {};
  }

  void EndMember(std::string& out) {
    out.append(TarPadding(size_), '\0');
    sums_ += sum_.Finish() + "  " + name_ + "\n";
    if (name_.starts_with(kLogsPrefix)) ++progress_.files_done;
    source_ = FileHandle();
  }

  bool HasRoom(std::uint64_t bytes) const {
    struct statvfs space {};
    if (::statvfs(options_.dir.c_str(), &space) != 0) return true;  // the write will tell
    const double free = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
    const double total = static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize);
    return free - static_cast<double>(bytes) >= options_.free_space_reserve * total;
  }

  const Options options_;
  const std::int64_t created_;  // s
  std::string about_, sums_;
  FileHandle catalog_;
  std::vector<FileInfo> files_;
  std::size_t next_ = 0;  // member to open next
  bool done_ = false;
  BackupProgress progress_;
  std::vector<std::string> notes_;

  // The member being read.
  std::string name_, text_;
  FileHandle source_;
  std::uint64_t size_ = 0, left_ = 0;
  Sha256 sum_;
  std::string header_;  // to go before the first piece

  // The copy being made.
  std::unique_ptr<LogCopy> copy_;
  FileHandle copied_;
  std::string copy_path_;  // while it has a name
};

}  // namespace

Result<std::unique_ptr<Backup>> Backup::Begin(Store& store, Options options) {
  auto backup = std::make_unique<BackupImpl>(std::move(options));
  if (const auto begun = backup->Begin(store); !begun) return begun.error();
  return std::unique_ptr<Backup>(std::move(backup));
}

}  // namespace cistern
