// The marked points of the store (storage/sqlite/README.md), where a test may stop it.
#pragma once

#include <string_view>

namespace cistern::crash {

inline constexpr std::string_view kPoints[] = {
    "commit.written",    "commit.committed",  "checkpoint.begin",  "checkpoint.done", "seal.begin",
    "seal.encoded",      "seal.rows_written", "seal.committed",    "roll.begin",      "roll.sealed",
    "roll.checkpointed", "roll.closed",       "roll.created",      "roll.listed",     "retention.begin",
    "retention.marked",  "retention.removed", "retention.dropped", "thin.begin",      "thin.looked",
    "thin.written",      "thin.marked",       "thin.linked",       "thin.swapped",    "thin.done",
    "backup.begin",      "backup.catalog",    "backup.file",       "backup.copy",     "backup.copied",
    "backup.done"};

}  // namespace cistern::crash
