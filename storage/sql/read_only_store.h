// A data directory for reading only: beside a running daemon, or without one.
#pragma once

#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

// Takes no lock and writes nothing. Every scan sees what is stored when it begins. Everything that would
// write fails with kNoAccess; nothing is waited for. The error is a sentence for the user.
Result<std::shared_ptr<Store>, std::string> OpenReadOnlyStore(const std::string& dir);

}  // namespace cistern
