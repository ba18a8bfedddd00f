// A plain SQLite file in the layout of aiosyslogd: one table a month, each with a full-text index.
//
//   CREATE TABLE SystemEvents202611 (
//     ID INTEGER PRIMARY KEY AUTOINCREMENT,  -- the record id
//     Facility INTEGER, Priority INTEGER,    -- Priority is the severity
//     FromHost TEXT,                         -- host name, else the peer's address
//     InfoUnitID INTEGER,                    -- always 1
//     ReceivedAt TIMESTAMP,                  -- 2026-11-20 10:00:00.123456, UTC
//     DeviceReportedTime TIMESTAMP,          -- 2026-11-20 10:00:00.123456+00:00; received time when there is
//     none SysLogTag TEXT, ProcessID TEXT,        -- application or UNKNOWN; process or 0 Message TEXT) --
//     U+FFFD for octets that are not UTF-8
//   CREATE VIRTUAL TABLE SystemEventsFTS202611 USING fts5(Message, content='SystemEvents202611', ...)
//
// Triggers keep the index in step when rows are inserted, changed or deleted. The month is that of
// ReceivedAt. PRAGMA application_id is kExportApplicationId: it says that ReceivedAt is in UTC, where
// aiosyslogd writes local time.
#pragma once

#include <cstdint>
#include <memory>

#include "ctl/transfer/record_writer.h"

namespace cistern::ctl {

inline constexpr std::int32_t kExportApplicationId = 0x4353544e;  // "CSTN"

// Creates `path`, replacing what is there; the file is whole after Finish().
Result<std::unique_ptr<RecordWriter>, FileError> MakeSqliteWriter(const std::string& path);

}  // namespace cistern::ctl
