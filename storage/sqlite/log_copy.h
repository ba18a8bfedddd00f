// Copies a log file row by row while its writer goes on: no long read transaction pins its -wal.
//
// What is large (the data and words of blocks) never changes once it is there and is copied a little at a
// time; the rest comes last, in one read transaction: the copy is the file as of that moment. Threads: one at
// a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "storage/sqlite/sqlite.h"

namespace cistern {

class LogCopy {
 public:
  // Makes `target`, which is missing or empty, with the tables of `source`. The copy is not synced: whoever
  // wants it to last does that.
  static Result<std::unique_ptr<LogCopy>> Begin(const std::string& source, const std::string& target);

  enum class State { kCopying, kDone };
  // A bounded piece of the work. After kDone the target is closed.
  Result<State> Step();

 private:
  Result<void> MakeTables();
  Result<State> CopySome();
  Result<State> CopyNext();
  Result<void> CopyRest();
  // Rows of `table`; the condition may use ?1 and ?2. Returns how many.
  Result<std::uint64_t> CopyRows(std::string_view table, std::string_view condition = {},
                                 std::int64_t first = 0, std::int64_t last = 0);

  Database source_, target_;
  bool has_blocks_ = false;
  std::int64_t copied_ordinal_ = -1;  // data and words up to this block are in the copy
};

}  // namespace cistern
