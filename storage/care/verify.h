// Reads a backup as a restore would, and checks the store in it.
#pragma once

#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "storage/care/archive.h"
#include "storage/care/check.h"

namespace cistern {

struct Verified {
  ArchiveInfo archive;
  CheckProgress check;
  std::vector<Finding> findings;
};

// Unpacks one log file at a time into `work_dir`, which is made and deleted again. Errors: one sentence for
// people; damage inside the store is a finding.
Result<void, std::string> VerifyBackup(const std::string& archive, const std::string& work_dir,
                                       const LongWork& work, Verified& verified);

}  // namespace cistern
