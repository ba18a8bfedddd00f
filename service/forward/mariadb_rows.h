// Records as rows of a table; `cisternctl import` reads them back (ctl/transfer/mariadb_records.cc).
#pragma once

#include <string>
#include <string_view>

#include "ingest/message/record.h"
#include "service/forward/mariadb_connection.h"

namespace cistern {

// CREATE TABLE IF NOT EXISTS.
std::string CreateTable(const std::string& table);

// INSERT INTO TABLE (...) VALUES, behind which rows stand with commas between them, and kInsertEnd.
std::string InsertBegin(const std::string& table);
inline constexpr std::string_view kInsertEnd = " ON DUPLICATE KEY UPDATE id = id";

// Appends `(...)`. `scratch` is overwritten.
void AppendRow(const Record& record, const std::string& store_id, const MariadbConnection& connection,
               std::string& scratch, std::string& to);

}  // namespace cistern
