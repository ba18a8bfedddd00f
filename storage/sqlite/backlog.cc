// What is stored behind a position: from what is known of the files, and of the batch it lies before.
#include <algorithm>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

// Of what lies in [first_id, last_id], the part behind `position`.
std::uint64_t Part(std::uint64_t whole, const FileInfo& file, std::uint64_t position) {
  const std::uint64_t first = ToInt(file.totals.first_id), last = ToInt(file.totals.last_id);
  if (position < first) return whole;
  const long double part =
      static_cast<long double>(last - position) / static_cast<long double>(last - first + 1);
  return static_cast<std::uint64_t>(static_cast<long double>(whole) * part);
}

}  // namespace

Backlog SqliteStore::Behind(RecordId position) {
  Backlog backlog;
  if (position >= last_id()) return backlog;
  for (const FileInfo& file : logs_->Files()) {
    if (file.totals.records == 0 || file.totals.last_id <= position) continue;
    const std::uint64_t records = Part(file.totals.records, file, ToInt(position));
    backlog.records += std::max<std::uint64_t>(records, 1);
    backlog.bytes += Part(BytesOf(file), file, ToInt(position));
  }
  const auto scan = NewScan({.id_min = ToInt(position) + 1});
  const auto next = scan->Next();
  if (!next || !*next) return backlog;
  const auto ids = (*next)->Ints(Column::kId);
  const auto row = std::upper_bound(ids.begin(), ids.end(), static_cast<std::int64_t>(ToInt(position)));
  if (row != ids.end()) {
    backlog.oldest_received = (*next)->Ints(Column::kReceived)[static_cast<std::size_t>(row - ids.begin())];
  }
  return backlog;
}

}  // namespace cistern
