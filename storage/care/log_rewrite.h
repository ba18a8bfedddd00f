// Writes a log file again as it should be: sound rows with the right figures, indexes and runs; batches that
// are damaged go, as they are, to the table `quarantine`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "storage/block/block_codec.h"
#include "storage/care/check.h"
#include "storage/store.h"

namespace cistern {

struct RewriteResult {
  BlockSummary totals;
  std::vector<Finding> done;  // what was mended or set aside, without the file's name
  std::vector<Gap> lost;      // ids that are gone, as far as known
  // Every octet of a damaged batch is in the new file; if not, the old one should be kept.
  bool kept_everything = true;
  // Retention took records out of the file; it still says which ids there were.
  bool thinned = false;
};

// Makes `target`, which is missing, of `source`, whose ids begin behind `after`. Synced when it returns. On
// an error the caller deletes `target`.
Result<void> RewriteLog(const std::string& source, const std::string& target, std::uint64_t after,
                        RewriteResult& result);

}  // namespace cistern
