// Who may use the Unix socket.
#pragma once

#include <string>

#include "ingest/message/result.h"

namespace cistern {

// Mode 0660 and the group of that name; empty: its group stays. The error is a sentence.
Result<void, std::string> OpenSocketToGroup(const std::string& path, const std::string& group);

}  // namespace cistern
