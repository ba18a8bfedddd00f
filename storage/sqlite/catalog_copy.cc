// Catalog: copies for backups, and what a copy must change before it is a store of its own.
#include <algorithm>

#include "storage/sqlite/catalog.h"
#include "storage/sqlite/schema.h"

namespace cistern {

Result<std::unique_ptr<Catalog>> Catalog::OpenReadOnly(const std::string& path) {
  if (!FileExists(path)) return StoreErrc::kNotFound;
  Result<Database> database = Database::Open(path, Database::Mode::kReadOnly);
  if (!database) return database.error();
  auto catalog = std::make_unique<Catalog>();
  catalog->database_ = std::move(*database);
  const Result<std::int64_t> version = CheckSchema(catalog->database_, kCatalogApplicationId);
  if (!version) return version.error();
  if (*version == 0) return StoreErrc::kCorrupt;
  catalog->version_ = *version;
  catalog->database_.AddRowChecksum();
  const Result<bool> complete = catalog->Load();
  if (!complete) return complete.error();
  if (!*complete) return StoreErrc::kCorrupt;
  return catalog;
}

Result<void> Catalog::CopyTo(const std::string& path) {
  const std::lock_guard lock(mutex_);
  Result<Statement> copy = database_.Prepare("VACUUM INTO ?1");
  if (!copy) return copy.error();
  return copy->Bind(1, path).Run();
}

Result<void> Catalog::BecomeAnotherStore(RecordId last_stored, std::uint64_t next_id) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  const std::string id = RandomStoreId();
  if (const auto done = PutStoreId(id); !done) return done;
  const std::int64_t reserved =
      std::max(static_cast<std::int64_t>(reserved_id_), static_cast<std::int64_t>(next_id) - 1);
  if (const auto done = PutMeta("reserved_id", reserved); !done) return done;
  if (const auto done = PutMeta("closed", 0); !done) return done;
  Result<Statement> clamp = database_.Prepare(
      "UPDATE cursors SET record_id=min(record_id, ?1), "
      "checksum=row_checksum(8, name, min(record_id, ?1), updated)");
  if (!clamp) return clamp.error();
  if (const auto done = clamp->Bind(1, static_cast<std::int64_t>(ToInt(last_stored))).Run(); !done)
    return done;
  if (const auto done = transaction.Commit(); !done) return done;
  store_id_ = id;
  return {};
}

}  // namespace cistern
