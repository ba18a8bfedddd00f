// A SQLite VFS over the default one that asks the Disk in use before everything that writes, names or syncs.
#pragma once

namespace cistern::crash {

// Makes it the default VFS of the process. Call once, before any database is opened.
void InstallTestVfs();

}  // namespace cistern::crash
