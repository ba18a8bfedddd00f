// Where the octets of a store are: by log file and by column. Reads block headers, and decodes a few batches
// of each file to estimate how many octets were received.
//
// Threads: one at a time, any. What cannot be read counts as `sqlite`.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

struct LogFileStats {
  std::string name, day;  // day: UTC, YYYY-MM-DD
  bool closed = false;
  std::uint64_t records = 0, blocks = 0, block_records = 0;
  std::uint64_t bytes = 0;           // on disk, with -wal
  std::uint64_t received_bytes = 0;  // estimate
  // Add up to `bytes`; see README.md for the names.
  std::vector<std::pair<std::string, std::uint64_t>> columns;
};

struct DiskStats {
  std::vector<LogFileStats> files;  // oldest first
  std::uint64_t catalog_bytes = 0;
};

// Of a store in use, in `dir`. kCancelled once `cancelled` is set.
Result<DiskStats> MeasureStore(Store& store, const std::string& dir, const std::atomic<bool>& cancelled);

}  // namespace cistern
