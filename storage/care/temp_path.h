// Names of short-lived files in the data directory.
#pragma once

#include <string>

namespace cistern {

// A new name with each call. Whoever makes the file deletes it.
std::string CareTempPath(const std::string& dir);
// Deletes what a process that was killed left. Only for who has the directory's lock, before anything else.
void RemoveCareLeftovers(const std::string& dir);

}  // namespace cistern
