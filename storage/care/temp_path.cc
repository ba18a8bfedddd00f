#include "storage/care/temp_path.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <vector>

namespace cistern {
namespace {

constexpr char kPrefix[] = "care-";
constexpr char kSuffix[] = ".tmp";  // SQLite may add to it

}  // namespace

std::string CareTempPath(const std::string& dir) {
  static std::atomic<unsigned> count{0};
  return dir + "/" + kPrefix + std::to_string(::getpid()) + "-" + std::to_string(++count) + kSuffix;
}

void RemoveCareLeftovers(const std::string& dir) {
  std::error_code error;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && name.find(kSuffix) != std::string::npos)
      leftovers.push_back(entry.path());
  }
  for (const auto& path : leftovers) std::filesystem::remove(path, error);
}

}  // namespace cistern
