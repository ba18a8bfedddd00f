// Looks at one row of a log file with everything that belongs to it, and says what can be believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/block/sealed_block.h"
#include "storage/sqlite/file_walker.h"

namespace cistern {

// Ids without a gap.
struct IdRun {
  std::uint64_t first = 0, count = 0;
};

struct RowJudgement {
  // Empty: the records read back whole. Else why they do not; then only the problem means anything.
  std::string data_problem;
  BlockSummary actual;  // what the data says, column by column
  std::vector<IdRun> runs;
  std::int64_t disorder = 0;  // ns by which a record is at most older than the newest before it in this row
  // The row's own columns do not say the same. Empty: they do.
  std::string row_problem;
  // Of a block: index or words do not fit the data; then `again` has the right ones.
  std::string index_problem;
  std::optional<SealedBlock> again;
};

RowJudgement JudgeRow(const WalkedRow& walked);

}  // namespace cistern
