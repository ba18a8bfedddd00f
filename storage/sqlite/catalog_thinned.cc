// Catalog: what the rules of retention have done to files.
#include "storage/sqlite/catalog.h"

namespace cistern {

Result<std::vector<Catalog::ThinMark>> Catalog::ThinMarks() {
  const std::lock_guard lock(mutex_);
  Result<Statement> rows = database_.Prepare(
      "SELECT number, fingerprint, reached, thinned, swapping FROM thinned ORDER BY number");
  if (!rows) return rows.error();
  std::vector<ThinMark> marks;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return marks;
    marks.push_back({.number = static_cast<std::uint64_t>(rows->Int(0)),
                     .fingerprint = rows->Int(1),
                     .reached = rows->Int(2),
                     .thinned = rows->Int(3) != 0,
                     .swapping = rows->Int(4) != 0});
  }
}

Result<void> Catalog::PutMarkRow(const ThinMark& mark) {
  Result<Statement> put = database_.Prepare(
      "INSERT OR REPLACE INTO thinned VALUES(?1, ?2, ?3, ?4, ?5, row_checksum(11, ?1, ?2, ?3, ?4, ?5))");
  if (!put) return put.error();
  put->Bind(1, static_cast<std::int64_t>(mark.number)).Bind(2, mark.fingerprint).Bind(3, mark.reached);
  return put->Bind(4, std::int64_t{mark.thinned}).Bind(5, std::int64_t{mark.swapping}).Run();
}

Result<void> Catalog::PutThinMark(const ThinMark& mark) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutMarkRow(mark); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::PutThinned(const FileInfo& file, const ThinMark& mark) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutFileRow(file); !put) return put;
  if (const auto put = PutMarkRow(mark); !put) return put;
  return transaction.Commit();
}

}  // namespace cistern
