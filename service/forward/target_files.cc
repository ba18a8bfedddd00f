#include "service/forward/target_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cistern {

using boost::system::error_code;

namespace {

constexpr std::size_t kOpenFiles = 64;

}  // namespace

Result<TargetFile*> TargetFiles::Get(const std::string& path) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) {
    files_.splice(files_.begin(), files_, found->second);
    return &files_.front();
  }
  auto opened = TargetFile::Open(path, trusted_, mode_);
  if (!opened) return opened.error();
  if (files_.size() == kOpenFiles) Close(std::prev(files_.end()));
  files_.push_front(std::move(*opened));
  by_path_.emplace(path, files_.begin());
  if (files_.front().created()) SyncFileSystemOf(files_.front().fd());
  return &files_.front();
}

void TargetFiles::Close(const std::string& path) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) Close(found->second);
}

void TargetFiles::Close(Files::iterator file) {
  if (file->dirty()) SyncFileSystemOf(file->fd());
  by_path_.erase(file->path());
  files_.erase(file);
}

void TargetFiles::CloseAll() {
  by_path_.clear();
  files_.clear();
  file_systems_.clear();
}

void TargetFiles::CloseMissing() {
  for (auto file = files_.begin(); file != files_.end();) {
    const auto next = std::next(file);
    if (!file->IsStillThere()) Close(file);
    file = next;
  }
}

void TargetFiles::SyncFileSystemOf(int fd) {
  struct stat file;
  if (!sync_ || fstat(fd, &file) != 0 || file_systems_.contains(file.st_dev)) return;
  if (UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0)); copy.valid())
    file_systems_.emplace(file.st_dev, std::move(copy));
}

error_code TargetFiles::Sync() {
  error_code first;
  const auto note = [&first](error_code error) {
    if (error && !first) first = error;
  };
  for (const auto& [device, fd] : file_systems_)
    note(syncfs(fd.get()) == 0 ? error_code() : error_code(errno, boost::system::system_category()));
  file_systems_.clear();
  for (TargetFile& file : files_)
    if (file.dirty()) note(file.Sync());
  return first;
}

std::vector<std::string> TargetFiles::paths() const {
  std::vector<std::string> paths;
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) paths.push_back(file->path());
  return paths;
}

bool TargetFiles::dirty() const {
  return !file_systems_.empty() ||
         std::any_of(files_.begin(), files_.end(), [](const TargetFile& file) { return file.dirty(); });
}

}  // namespace cistern
