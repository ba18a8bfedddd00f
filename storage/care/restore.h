// Makes a data directory from a backup, without a daemon.
//
// The result is a store of its own: it has another store_id, so that resume tokens of the store it came from
// are refused, gives out no id that the other may have given out since, and its cursors stand at records it
// has. Crash: until the last step the directory holds nothing but `restore.tmp`, which the next restore
// deletes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/message/record.h"
#include "ingest/message/result.h"
#include "storage/care/archive.h"

namespace cistern {

struct Restored {
  std::string about;  // of the backup, lines `key: value`
  std::string store_id;
  std::uint64_t log_files = 0, records = 0;
  RecordId first_id{}, last_id{};  // 0 when empty
  std::uint64_t next_id = 0;
  std::vector<std::string> notes;  // what the store had to mend or leave out when it was opened
};

// `dir` is missing or empty. Errors: one sentence for people; then `dir` is as it was.
Result<void, std::string> RestoreBackup(const std::string& archive, const std::string& dir,
                                        const LongWork& work, Restored& restored);

}  // namespace cistern
