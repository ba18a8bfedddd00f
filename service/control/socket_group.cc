#include "service/control/socket_group.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace cistern {
namespace {

constexpr std::size_t kEntrySize = 64 << 10;

}  // namespace

Result<void, std::string> OpenSocketToGroup(const std::string& path, const std::string& group) {
  if (!group.empty()) {
    std::vector<char> buffer(kEntrySize);
    struct group entry {};
    struct group* found = nullptr;
    ::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) return "control.unix_socket_group: there is no group " + group;
    if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
      return "control.unix_socket_group: " + path + " cannot be given to group " + group + ": " +
             std::strerror(errno) + " (is the daemon's user a member?)";
  }
  if (::chmod(path.c_str(), 0660) == 0) return {};
  return "control.unix_socket: the mode of " + path + " cannot be set: " + std::strerror(errno);
}

}  // namespace cistern
