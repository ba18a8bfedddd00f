#include "service/forward/safe_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace cistern {
namespace {

constexpr unsigned kFolderMode = 0750;
constexpr int kFolder = O_PATH | O_DIRECTORY | O_CLOEXEC;

boost::system::error_code Errno(int error) { return {error, boost::system::system_category()}; }

// Whatever the umask: what is logged is read by others of the group.
boost::system::error_code MakeFolder(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), kFolderMode) != 0)
    return errno == EEXIST ? boost::system::error_code() : Errno(errno);
  const UniqueFd made(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (made.valid()) fchmod(made.get(), kFolderMode);
  return {};
}

Result<UniqueFd> Enter(int parent, const std::string& name, int flags, bool make) {
  UniqueFd folder(openat(parent, name.c_str(), flags));
  if (!folder.valid() && errno == ENOENT && make) {
    if (const auto error = MakeFolder(parent, name)) return error;
    folder = UniqueFd(openat(parent, name.c_str(), flags));
  }
  if (!folder.valid()) return Errno(errno);
  return folder;
}

}  // namespace

std::string_view NameOf(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Result<UniqueFd> OpenFolder(const std::string& path, std::size_t trusted, bool make) {
  UniqueFd folder(open("/", kFolder));
  if (!folder.valid()) return Errno(errno);
  std::size_t begin = 0;
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', begin + 1)) {
    const std::string name = path.substr(begin + 1, end - begin - 1);
    if (!name.empty()) {
      auto next = Enter(folder.get(), name, end <= trusted ? kFolder : kFolder | O_NOFOLLOW, make);
      if (!next) return next;
      folder = std::move(*next);
    }
    begin = end;
  }
  return folder;
}

Result<OpenedFile> OpenForAppend(int folder, const std::string& name, unsigned mode) {
  // Not blocking: a pipe without a reader would keep the thread here.
  constexpr int kFlags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  UniqueFd fd(openat(folder, name.c_str(), kFlags | O_CREAT | O_EXCL, mode));
  const bool created = fd.valid();
  if (!created && errno == EEXIST) fd = UniqueFd(openat(folder, name.c_str(), kFlags));
  if (!fd.valid()) return Errno(errno == ENXIO ? EINVAL : errno);
  struct stat found;
  if (fstat(fd.get(), &found) != 0) return Errno(errno);
  if (!S_ISREG(found.st_mode)) return Errno(EINVAL);
  if (created) fchmod(fd.get(), mode);
  return OpenedFile{std::move(fd), created};
}

}  // namespace cistern
