// Catalog: cursors, and objects that the store keeps for others.
#include "storage/sqlite/catalog.h"

namespace cistern {
namespace {

StoredObject ObjectIn(const Statement& row) {
  return {std::string(row.Text(0)), std::string(row.Blob(1)), static_cast<std::uint64_t>(row.Int(2)),
          row.Int(3)};
}

}  // namespace

std::optional<RecordId> Catalog::GetCursor(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Result<Statement> get = database_.Prepare("SELECT record_id FROM cursors WHERE name=?1 AND " +
                                            Sound("row_checksum(8, name, record_id, updated)"));
  if (!get) return std::nullopt;
  const Result<bool> row = get->Bind(1, name).Step();
  if (!row || !*row) return std::nullopt;
  return RecordId{static_cast<std::uint64_t>(get->Int(0))};
}

Result<void> Catalog::PutCursorRow(const std::string& name, RecordId id, std::int64_t now) {
  Result<Statement> put =
      database_.Prepare("INSERT OR REPLACE INTO cursors VALUES(?1, ?2, ?3, row_checksum(8, ?1, ?2, ?3))");
  if (!put) return put.error();
  return put->Bind(1, name).Bind(2, static_cast<std::int64_t>(ToInt(id))).Bind(3, now).Run();
}

Result<void> Catalog::PutCursors(std::span<const std::pair<std::string, RecordId>> positions,
                                 std::int64_t now) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  for (const auto& [name, id] : positions)
    if (const auto put = PutCursorRow(name, id, now); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::DeleteCursor(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Result<Statement> drop = database_.Prepare("DELETE FROM cursors WHERE name=?1");
  if (!drop) return drop.error();
  return drop->Bind(1, name).Run();
}

Result<std::vector<StoredObject>> Catalog::ListObjects(const std::string& kind, const std::string& after,
                                                       std::size_t limit) {
  const std::lock_guard lock(mutex_);
  Result<Statement> rows = database_.Prepare(
      "SELECT name, body, revision, updated FROM objects WHERE kind=?1 AND name>?2 "
      "AND checksum=row_checksum(12, kind, name, body, revision, updated) ORDER BY name LIMIT ?3");
  if (!rows) return rows.error();
  rows->Bind(1, kind).Bind(2, after).Bind(3, static_cast<std::int64_t>(limit));
  std::vector<StoredObject> objects;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return objects;
    objects.push_back(ObjectIn(*rows));
  }
}

Result<std::optional<StoredObject>> Catalog::GetObject(const std::string& kind, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Result<Statement> get = database_.Prepare(
      "SELECT name, body, revision, updated FROM objects WHERE kind=?1 AND name=?2 "
      "AND checksum=row_checksum(12, kind, name, body, revision, updated)");
  if (!get) return get.error();
  const Result<bool> row = get->Bind(1, kind).Bind(2, name).Step();
  if (!row) return row.error();
  return *row ? std::optional(ObjectIn(*get)) : std::nullopt;
}

Result<std::uint64_t> Catalog::CountObjects(const std::string& kind) {
  const std::lock_guard lock(mutex_);
  Result<Statement> count = database_.Prepare("SELECT count(*) FROM objects WHERE kind=?1");
  if (!count) return count.error();
  const Result<bool> row = count->Bind(1, kind).Step();
  if (!row) return row.error();
  return static_cast<std::uint64_t>(count->Int(0));
}

// 0 when there is none.
Result<std::uint64_t> Catalog::RevisionOf(const std::string& kind, const std::string& name) {
  Result<Statement> get = database_.Prepare("SELECT revision FROM objects WHERE kind=?1 AND name=?2");
  if (!get) return get.error();
  const Result<bool> row = get->Bind(1, kind).Bind(2, name).Step();
  if (!row) return row.error();
  return *row ? static_cast<std::uint64_t>(get->Int(0)) : std::uint64_t{0};
}

Result<void> Catalog::ChangeObject(const ObjectChange& change, std::uint64_t revision, std::int64_t now) {
  if (change.from_revision) {
    const auto current = RevisionOf(change.kind, change.name);
    if (!current) return current.error();
    if (*current != *change.from_revision) return StoreErrc::kConflict;
  }
  if (!change.body) {
    Result<Statement> drop = database_.Prepare("DELETE FROM objects WHERE kind=?1 AND name=?2");
    if (!drop) return drop.error();
    return drop->Bind(1, change.kind).Bind(2, change.name).Run();
  }
  Result<Statement> put = database_.Prepare(
      "INSERT OR REPLACE INTO objects VALUES(?1, ?2, ?3, ?4, ?5, row_checksum(12, ?1, ?2, ?3, ?4, ?5))");
  if (!put) return put.error();
  put->Bind(1, change.kind).Bind(2, change.name).BindBlob(3, *change.body);
  return put->Bind(4, static_cast<std::int64_t>(revision)).Bind(5, now).Run();
}

// The counter never goes back, so that a revision of a deleted object does not come again. Looked for once:
// there may be a hundred thousand objects.
Result<std::uint64_t> Catalog::NewestRevision() {
  if (revision_) return *revision_;
  const auto newest = database_.Int(
      "SELECT max(coalesce((SELECT value FROM meta WHERE key='revision'), 0), "
      "coalesce((SELECT max(revision) FROM objects), 0))");
  if (!newest) return newest.error();
  return static_cast<std::uint64_t>(*newest);
}

Result<std::vector<std::uint64_t>> Catalog::ChangeState(const StateChange& change, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun.error();
  for (const auto& [sql, names] : {std::pair{"DELETE FROM cursors WHERE name=?1", &change.deleted_cursors},
                                   std::pair{"DELETE FROM objects WHERE kind=?1", &change.deleted_kinds}}) {
    for (const std::string& name : *names) {
      Result<Statement> drop = database_.Prepare(sql);
      if (!drop) return drop.error();
      if (const auto done = drop->Bind(1, name).Run(); !done) return done.error();
    }
  }
  for (const auto& [name, id] : change.cursors)
    if (const auto put = PutCursorRow(name, id, now); !put) return put.error();
  const auto newest = NewestRevision();
  if (!newest) return newest.error();
  std::uint64_t revision = *newest;
  std::vector<std::uint64_t> revisions;
  for (const ObjectChange& object : change.objects) {
    if (const auto done = ChangeObject(object, revision + 1, now); !done) return done.error();
    revisions.push_back(object.body ? ++revision : 0);
  }
  if (!change.objects.empty())
    if (const auto put = PutMeta("revision", static_cast<std::int64_t>(revision)); !put) return put.error();
  if (const auto done = transaction.Commit(); !done) return done.error();
  revision_ = revision;
  return revisions;
}

}  // namespace cistern
