// The virtual table `logs`: the records of a store as rows of SQLite, read-only. README.md lists the columns.
//
// What a query asks of id, times, header fields, severity and message is answered by the store's index;
// SQLite checks every row again, so pruning never decides. Rows are fetched some at a time, so LIMIT ends the
// work early.
// Threads: those of the connection, one at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "storage/query/query.h"
#include "storage/store.h"

struct sqlite3;

namespace cistern {

// What a table shows. Lives as long as the connection.
struct LogsSource {
  std::shared_ptr<Store> owned;  // set when the table owns its store
  Store* store = nullptr;
  // Stops a query: it then fails with SQLITE_INTERRUPT.
  QueryControl control;
  std::uint64_t snapshot_id = 0;  // rows up to this id; 0: what is stored when a cursor begins
};

// Adds the table `logs` to a connection. Returns an SQLite result code.
int AddLogsTable(sqlite3* database, LogsSource source);

// Adds the module `cistern`: CREATE VIRTUAL TABLE logs USING cistern('/path/to/data-dir'). `open` gives the
// store of a folder; the error is a sentence.
using StoreOpener = Result<std::shared_ptr<Store>, std::string> (*)(const std::string& dir);
int AddCisternModule(sqlite3* database, StoreOpener open);

}  // namespace cistern
