// The columns of `logs`.
#pragma once

#include <cstdint>
#include <string>

#include "ingest/message/record.h"
#include "storage/sql/sqlite_api.h"

namespace cistern::sql {

// As in the declaration, which is kDeclaration.
enum LogsColumn : int {
  kId,
  kTime,
  kReceived,
  kHostname,
  kAppName,
  kProcid,
  kMsgid,
  kFacility,
  kSeverity,
  kSeverityName,
  kPeer,
  kPort,
  kTransport,
  kListener,
  kTlsIdentity,
  kFormat,
  kFlags,
  kMessage,
  kRaw,
  kStructuredData,
  kTags,
};
extern const char kDeclaration[];

// `2026-11-20 10:00:00.123456789`, UTC: sorts as it reads, and compares with datetime('now', '-1 hour').
std::string SqlTime(std::int64_t ns);

// Sets the result of `context` to one field. Absent fields are NULL.
void SetResult(sqlite3_context* context, const Record& record, int column);

}  // namespace cistern::sql
