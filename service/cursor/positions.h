// Durable positions of named cursors. They are kept in memory and written to the catalog together, each
// second, in one transaction; a crash repeats at most that second (delivery is at least once).
//
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "storage/store.h"

namespace cistern {

class CursorPositions {
 public:
  // `store` outlives this object.
  explicit CursorPositions(Store& store) : store_(store) {}

  // The newest position of `name`, from memory or the catalog. Empty: never set.
  std::optional<RecordId> Get(const std::string& name);
  // Moves forward only; an older position is ignored.
  void Advance(const std::string& name, RecordId position);
  // Writes what moved since the last call. On error everything stays marked and is tried again.
  Result<void> Save();

 private:
  struct Entry {
    RecordId position{};
    bool dirty = false;
  };
  Store& store_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;  // guarded by mutex_
};

}  // namespace cistern
