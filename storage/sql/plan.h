// What of a WHERE clause the store can answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/query/query.h"
#include "storage/sql/columns.h"
#include "storage/sql/sqlite_api.h"

namespace cistern::sql {

// Chooses constraints: SQLite's xBestIndex. The choice travels in idxNum (1: newest first; above it the
// columns that the statement uses) and idxStr (two characters a value: column and operator).
int ChoosePlan(sqlite3_index_info* info);
ColumnMask UsedColumns(int number);

// The query of a choice with its values. `wrong` says what a MATCH does not understand; empty otherwise.
// Rows that the query leaves out cannot satisfy the clause; the rest is SQLite's to judge.
QueryOptions MakeQuery(int number, std::string_view choice, sqlite3_value** values, std::string& wrong);

}  // namespace cistern::sql
