#include "storage/sqlite/schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace cistern {
namespace {

std::int64_t NewestOf(std::int64_t application_id) {
  return application_id == kLogApplicationId ? kLogVersion : kCatalogVersion;
}

std::string MarkerOf(std::int64_t application_id) {
  return (application_id == kLogApplicationId ? "cistern_log_" : "cistern_catalog_") +
         std::to_string(NewestOf(application_id));
}

}  // namespace

Result<std::int64_t> CheckSchema(Database& database, std::int64_t application_id) {
  const Result<std::int64_t> id = database.Int("PRAGMA application_id");
  if (!id) return id.error();
  const Result<std::int64_t> version = database.Int("PRAGMA user_version");
  if (!version) return version.error();
  const Result<std::int64_t> tables = database.Int("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tables.error();
  if (*id == 0 && *version == 0 && *tables == 0) return 0;
  const std::int64_t newest = NewestOf(application_id);
  if (*id == application_id && *version >= 1 && *version <= newest) return version;
  const Result<std::int64_t> marked =
      database.Int("SELECT count(*) FROM sqlite_schema WHERE name='" + MarkerOf(application_id) + "'");
  if (!marked) return marked.error();
  if (*marked != 0) return newest;  // those octets of the header are damaged
  return *id == application_id && *version > newest ? StoreErrc::kTooNew : StoreErrc::kCorrupt;
}

Result<void> MarkSchema(Database& database, std::int64_t application_id) {
  const std::string sql = "PRAGMA application_id=" + std::to_string(application_id) +
                          "; PRAGMA user_version=" + std::to_string(NewestOf(application_id)) +
                          "; CREATE VIEW " + MarkerOf(application_id) + " AS SELECT 1";
  return database.Run(sql.c_str());
}

Result<void> CreatePrivateFile(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno == ENOSPC || errno == EDQUOT ? StoreErrc::kDiskFull : StoreErrc::kNoAccess;
  ::close(fd);
  return {};
}

}  // namespace cistern
