// Brings catalog and log files together at start: what a crash, an administrator or a bad disk left behind.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/sqlite/catalog.h"
#include "storage/sqlite/log_file.h"
#include "storage/sqlite/log_set.h"

namespace cistern {

struct Recovered {
  std::unique_ptr<LogFile> current;  // the newest file, to be continued; null when there is none
  FileInfo current_info;
  ClientMap clients;             // from the newest file that could be read, and those that were still open
  std::vector<FileInfo> closed;  // those, as they are now
  std::uint64_t last_file_number = 0;
  std::uint64_t last_id = 0;  // largest stored
};

// Fills `logs` with the files. Damaged ones are set aside; a full disk leaves `current` null, with
// its `current_info` set, so that the caller can try again.
Result<Recovered> Recover(Catalog& catalog, LogSet& logs, Sync sync, std::int64_t now);

// Brings to its end what was under way when the process died while a new file took the place of one of
// `known` (see thin_files.cc), and removes what such work left. On an error the store must not be opened:
// what would be served might not stay.
Result<void> FinishSwaps(Catalog& catalog, const LogSet& logs, std::map<std::uint64_t, FileInfo>& known);

// Renames a log file and its side files to *.damaged and remembers its records as gone. `known`: the
// catalog's figures are right, so readers can be told how many records are missing.
void SetAside(Catalog& catalog, LogSet& logs, const FileInfo& file, bool known);

}  // namespace cistern
