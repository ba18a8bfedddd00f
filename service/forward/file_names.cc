#include "service/forward/file_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <tuple>

#include "ingest/net/socket_util.h"

namespace cistern {
namespace {

boost::system::error_code Errno() { return {errno, boost::system::system_category()}; }

// What `entry` is behind `name`: `.12` or `.12.gz`.
std::optional<ClosedFile> ParseClosed(std::string_view entry, std::string_view name) {
  if (!entry.starts_with(name)) return std::nullopt;
  entry.remove_prefix(name.size());
  if (!entry.starts_with('.')) return std::nullopt;
  entry.remove_prefix(1);
  ClosedFile file;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), file.index);
  if (error != std::errc() || file.index == 0 || entry.front() == '0') return std::nullopt;
  file.suffix = entry.substr(static_cast<std::size_t>(end - entry.data()));
  if (!file.suffix.empty() && file.suffix != ".gz" && file.suffix != ".zst") return std::nullopt;
  return file;
}

boost::system::error_code Remove(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return Errno();
  return {};
}

boost::system::error_code Rename(int folder, const std::string& from, const std::string& to) {
  if (renameat(folder, from.c_str(), folder, to.c_str()) != 0) return Errno();
  return {};
}

}  // namespace

std::string NameOf(std::string_view name, const ClosedFile& file) {
  return std::string(name) + '.' + std::to_string(file.index) + file.suffix;
}

Result<std::vector<ClosedFile>> ListClosed(int folder, const std::string& name) {
  UniqueFd readable(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* entries = readable.valid() ? fdopendir(readable.get()) : nullptr;
  if (entries == nullptr) return Errno();
  readable.release();  // closedir() closes it
  std::vector<ClosedFile> files;
  while (const dirent* entry = readdir(entries)) {
    if (auto file = ParseClosed(entry->d_name, name)) files.push_back(std::move(*file));
  }
  closedir(entries);
  // Of one index the compressed file comes last.
  std::sort(files.begin(), files.end(), [](const ClosedFile& a, const ClosedFile& b) {
    return std::tie(a.index, a.suffix) < std::tie(b.index, b.suffix);
  });
  for (std::size_t i = 0; i + 1 < files.size();) {
    if (files[i].index != files[i + 1].index) {
      ++i;
      continue;
    }
    if (const auto error = Remove(folder, NameOf(name, files[i]))) return error;
    files.erase(files.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return files;
}

boost::system::error_code RotateNames(int folder, const std::string& name, unsigned keep) {
  const auto files = ListClosed(folder, name);
  if (!files) return files.error();
  std::size_t moving = 0;
  while (moving < files->size() && (*files)[moving].index == moving + 1) ++moving;
  for (std::size_t i = files->size(); i-- > 0;) {
    const ClosedFile& file = (*files)[i];
    const ClosedFile next{file.index + (i < moving ? 1u : 0u), file.suffix};
    const bool stays = keep == 0 || next.index <= keep;
    boost::system::error_code error;
    if (!stays) {
      error = Remove(folder, NameOf(name, file));
    } else if (i < moving) {
      error = Rename(folder, NameOf(name, file), NameOf(name, next));
    }
    if (error) return error;
  }
  return Rename(folder, name, NameOf(name, ClosedFile{1, {}}));
}

}  // namespace cistern
