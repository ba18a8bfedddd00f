#include "storage/care/verify.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "storage/care/archive_names.h"
#include "storage/care/file_io.h"
#include "storage/care/log_check.h"

namespace cistern {
namespace {

using Done = Result<void, std::string>;

// Unpacks a log file, checks it and deletes it.
class CheckingSink final : public ArchiveSink {
 public:
  CheckingSink(std::string dir, const LongWork& work, Verified& verified)
      : dir_(std::move(dir)), work_(work), verified_(verified) {}

  Done Begin(const TarMember& member) override {
    name_ = member.name;
    path_ = dir_ + "/" + std::to_string(++count_);
    Result<FileHandle> file = FileHandle::Create(path_);
    if (!file) return path_ + ": " + file.error().message();
    file_ = std::move(*file);
    return {};
  }

  Done Data(std::string_view octets) override {
    if (const auto written = file_.Write(octets); !written) return path_ + ": " + written.error().message();
    return {};
  }

  Done End() override {
    file_.Close();
    Done done;
    if (name_ != kCatalogMember) done = Check();
    RemoveLogFile(path_);
    return done;
  }

 private:
  Done Check() {
    CheckProgress& progress = verified_.check;
    LogCheck check({.path = path_, .name = name_, .after = last_id_}, progress, verified_.findings);
    while (check.Step(verified_.findings))
      if (work_.stop.stop_requested()) return std::string("stopped");
    last_id_ = check.last_id();
    ++progress.files_done;
    return {};
  }

  const std::string dir_;
  const LongWork& work_;
  Verified& verified_;
  std::string name_, path_;
  FileHandle file_;
  unsigned count_ = 0;
  std::uint64_t last_id_ = 0;
};

}  // namespace

Result<void, std::string> VerifyBackup(const std::string& archive, const std::string& work_dir,
                                       const LongWork& work, Verified& verified) {
  std::error_code ignored;
  std::filesystem::remove_all(work_dir, ignored);
  if (::mkdir(work_dir.c_str(), 0700) != 0) return work_dir + ": " + std::strerror(errno);
  CheckingSink sink(work_dir, work, verified);
  Done done = ReadArchive(archive, sink, work, verified.archive);
  std::filesystem::remove_all(work_dir, ignored);
  return done;
}

}  // namespace cistern
