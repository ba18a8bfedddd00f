// Closed files of one name in one folder: NAME.1 is the newest, NAME.2 the one before, each perhaps
// compressed (NAME.2.gz, NAME.2.zst).
//
// Renames run from the oldest to the newest and never onto a name that is taken. A crash between two of them
// leaves a gap; the next rotation moves only what lies before the first gap. Who calls holds the lock of the
// names (FileCompressor::names()).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"

namespace cistern {

struct ClosedFile {
  unsigned index = 0;
  std::string suffix;  // empty, `.gz` or `.zst`
};
std::string NameOf(std::string_view name, const ClosedFile& file);

// Ascending. A file that was compressed and not deleted any more (a crash came between) is deleted.
Result<std::vector<ClosedFile>> ListClosed(int folder, const std::string& name);

// Makes NAME.1 of NAME and moves the others on; at most `keep` of them stay, 0: all.
boost::system::error_code RotateNames(int folder, const std::string& name, unsigned keep);

}  // namespace cistern
