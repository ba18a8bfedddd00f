// Which program and release a database belongs to: PRAGMA application_id and user_version, and once more in
// the name of an empty view, because a flipped bit in the header must not make a file another program's.
#pragma once

#include <cstdint>
#include <string>

#include "storage/sqlite/sqlite.h"

namespace cistern {

inline constexpr std::int64_t kCatalogApplicationId = 0x43495343;  // CISC
inline constexpr std::int64_t kLogApplicationId = 0x4349534c;      // CISL
// 1: no checksums in rows; log files have one `tail` and no blocks.
inline constexpr std::int64_t kCatalogVersion = 2, kLogVersion = 2;

// The version; 0 when the database is empty. kTooNew: a newer release wrote it. kCorrupt: not a database, or
// another program's.
Result<std::int64_t> CheckSchema(Database& database, std::int64_t application_id);
// Marks a database with its current version; part of the transaction that makes or changes its tables.
Result<void> MarkSchema(Database& database, std::int64_t application_id);

// Makes an empty file with mode 0600, which SQLite's side files then copy. An existing file stays as it is.
// Never call it for a database that this process has open.
Result<void> CreatePrivateFile(const std::string& path);

}  // namespace cistern
