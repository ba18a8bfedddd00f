#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "cistern/v1/config.pb.h"
#include "service/access/grants.h"

namespace cistern {
namespace {

constexpr std::size_t kShortestToken = 32, kLongestToken = 1024;
constexpr unsigned kWidestMode = 0640;

class Descriptor {
 public:
  explicit Descriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

std::string CannotRead(const std::string& path, int error) {
  return path + " cannot be read: " + std::strerror(error);
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool IsPrintable(char c) { return c > ' ' && c < '\x7f'; }

std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

void CheckTokenFiles(const v1::ControlConfig& control, const Origins& origins, YamlErrors& errors) {
  for (int i = 0; i < control.grants_size(); ++i) {
    if (!control.grants(i).has_token_file()) continue;
    const auto hash = ReadTokenFile(control.grants(i).token_file());
    const std::string key = JoinIndex("control.grants", i) + ".token_file";
    if (!hash) errors.Add(NearestOrigin(origins, key), key, hash.error());
  }
}

Result<SecretHash, std::string> ReadTokenFile(const std::string& path) {
  const Descriptor file(path);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return CannotRead(path, errno);
  if (!S_ISREG(status.st_mode)) return path + " is not a file";
  const unsigned mode = status.st_mode & 07777;
  if ((mode & ~kWidestMode) != 0)
    return fmt::format("{} has mode {:04o}: others may use the token; at most 0640 (chmod 0640)", path, mode);
  std::array<char, kLongestToken + 2> buffer;
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  if (size < 0) return CannotRead(path, errno);
  const std::string_view token = WithoutBlanks({buffer.data(), static_cast<std::size_t>(size)});
  const bool fits = token.size() >= kShortestToken && token.size() <= kLongestToken;
  const bool printable = std::all_of(token.begin(), token.end(), &IsPrintable);
  const SecretHash hash = HashOf(token);
  OPENSSL_cleanse(buffer.data(), buffer.size());
  if (fits && printable) return hash;
  return path +
         " holds no token: one line of 32 to 1024 printable characters, such as `openssl rand -hex 32` gives";
}

}  // namespace cistern
