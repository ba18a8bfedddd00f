// The loadable extension: `.load cistern_logs` in the sqlite3 shell.
#include <sqlite3ext.h>

#include "storage/sql/logs_table.h"
#include "storage/sql/read_only_store.h"

extern "C" {
SQLITE_EXTENSION_INIT1

// SQLite derives the name from that of the file.
__attribute__((visibility("default"))) int sqlite3_cisternlogs_init(sqlite3* database, char**,
                                                                    const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api);
  return cistern::AddCisternModule(database, &cistern::OpenReadOnlyStore);
}
}
