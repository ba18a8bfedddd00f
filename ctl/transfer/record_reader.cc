#include "ctl/transfer/record_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>

#include "ctl/printer/record_printer.h"
#include "ctl/transfer/mariadb_source.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;
constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};

std::string FormatOf(std::string_view head) {
  if (head.starts_with(kSqliteMagic)) return "aiosyslogd";
  return IsRecordJson(head) ? "jsonl" : "text";
}

// The whole content: two files that only begin and end alike are two files.
Result<std::string, FileError> HashOf(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::string piece(kPieceBytes, '\0');
  ssize_t got = -1;
  while (fd >= 0 && (got = read(fd, piece.data(), piece.size())) > 0) {
    XXH3_128bits_update(state.get(), piece.data(), static_cast<std::size_t>(got));
  }
  const int error = errno;
  if (fd >= 0) close(fd);
  if (got < 0) return FileError{fmt::format("{}: {}", path, std::strerror(error))};
  const XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return {boost::system::in_place_value, fmt::format("{:016x}{:016x}", hash.high64, hash.low64)};
}

}  // namespace

Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenReaders(const std::string& path,
                                                                          const ReadOptions& options) {
  if (IsMariadbUrl(path)) return OpenMariadbReaders(path, options);
  auto source = ByteSource::Open(path);
  if (!source) return source.error();
  if (options.format == "auto" && IsRecordCsv((*source)->head()))
    return FileError{path +
                     ": CSV leaves out the octets as received, so it cannot be imported; use export -o jsonl "
                     "(or --format text to store its lines as messages)"};
  const std::string format = options.format == "auto" ? FormatOf((*source)->head()) : options.format;
  if (format == "aiosyslogd") return OpenSqliteReaders(path, options);
  std::string id;
  if ((*source)->size() > 0) {
    const auto hash = HashOf(path);
    if (!hash) return hash.error();
    id = fmt::format("import-{}-{}", format, *hash);
  }
  std::vector<std::unique_ptr<RecordReader>> readers;
  readers.push_back(format == "jsonl" ? MakeJsonReader(std::move(*source), id)
                                      : MakeTextReader(std::move(*source), id, options));
  return readers;
}

}  // namespace cistern::ctl
