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
  if (const auto schema = CheckSchema(catalog->database_, kCatalogApplicationId); !schema)
    return schema.error();
  if (const Result<void> loaded = catalog->Load(); !loaded) return loaded.error();
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
  Result<Statement> put = database_.Prepare("UPDATE meta SET value=?1 WHERE key='store_id'");
  if (!put) return put.error();
  if (const auto done = put->Bind(1, id).Run(); !done) return done;
  const std::int64_t reserved =
      std::max(static_cast<std::int64_t>(reserved_id_), static_cast<std::int64_t>(next_id) - 1);
  if (const auto done = PutMeta("reserved_id", reserved); !done) return done;
  if (const auto done = PutMeta("closed", 0); !done) return done;
  Result<Statement> clamp = database_.Prepare("UPDATE cursors SET record_id=min(record_id, ?1)");
  if (!clamp) return clamp.error();
  if (const auto done = clamp->Bind(1, static_cast<std::int64_t>(ToInt(last_stored))).Run(); !done)
    return done;
  if (const auto done = transaction.Commit(); !done) return done;
  store_id_ = id;
  return {};
}

}  // namespace cistern
