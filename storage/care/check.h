// Reads a store and says what is wrong with it: checksums, counts, ids, times, figures, the index of each
// block against its data, the catalog against the files.
//
// Threads: one at a time, any. Memory: about two blocks with their text. A store in use is read through
//   connections of their own in short transactions; what is committed after the beginning is not looked at.
// Errors: damage is a finding, never an error.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ingest/message/record.h"
#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

enum class FindingKind : std::uint8_t {
  kFile = 1,  // missing, not a database, or pages are damaged
  kBatch,     // cannot be read or does not decode: its records are lost
  kIndex,     // index or words do not fit the data; nothing is lost
  kFigures,   // counts or ranges do not fit the contents; nothing is lost
  kCatalog,   // does not fit the files, or is damaged; no record is lost
};

struct Finding {
  FindingKind kind = FindingKind::kFile;
  std::string file;  // relative to the data directory
  std::string text;  // one sentence
  // The records concerned; ids and times are 0 where they are not known.
  RecordId first_id{}, last_id{};
  std::int64_t min_received = 0, max_received = 0;
  std::uint64_t lost_records = 0;
  bool repairable = false;
};

struct CheckProgress {
  std::string file;  // being read, relative to the data directory
  std::uint64_t files = 0, files_done = 0;
  std::uint64_t batches = 0, records = 0;  // done; records: those that are sound
  std::uint64_t bytes = 0, bytes_done = 0;
  std::uint64_t findings = 0, lost_records = 0;
};

class StoreCheck {
 public:
  // Of a store in use, in `dir`. `store` outlives the check. Errors: StoreErrc, of copying the catalog.
  static Result<std::unique_ptr<StoreCheck>> OfStore(Store& store, const std::string& dir);
  // Of a directory that no daemon uses; holds its lock. kLocked: `holder` is the process that does.
  // kNotFound: no data directory.
  static Result<std::unique_ptr<StoreCheck>> OfDir(const std::string& dir, std::string& holder);
  virtual ~StoreCheck() = default;

  // One bounded piece of work: a batch, or the opening of a file. Appends what is wrong.
  virtual void Step(std::vector<Finding>& findings) = 0;
  virtual bool done() const = 0;
  virtual const CheckProgress& progress() const = 0;
};

}  // namespace cistern
