// Mends a store that no daemon uses. What cannot be mended is set aside, never deleted: a batch that is
// damaged moves, as it is, to the table `quarantine` of its log file.
//
// Each log file is mended in one transaction by its only connection, so a crash leaves it as it was or
// mended.
#pragma once

#include <functional>
#include <string>

#include "ingest/message/result.h"
#include "storage/care/archive.h"
#include "storage/care/check.h"

namespace cistern {

// Mends `dir`, and tells `report` of each thing that was done: `text` says what, and `lost_records` how many
// records are gone with the ids and times given. Holds the directory's lock. Errors: one sentence for people;
// files that were done before stay mended.
Result<void, std::string> RepairStore(const std::string& dir, const LongWork& work,
                                      const std::function<void(const Finding&)>& report);

}  // namespace cistern
