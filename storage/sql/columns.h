// The columns of `logs`.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"
#include "storage/batch_view.h"
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

// Which columns a statement uses, a bit each.
using ColumnMask = std::uint32_t;
inline constexpr ColumnMask kAllColumns = (ColumnMask{1} << (kTags + 1)) - 1;

// Rows of which only the id and the columns `used` need be right. Decodes these columns of the whole batch:
// for many of its rows. The view must outlive it.
class ColumnReader {
 public:
  ColumnReader(BatchView& view, ColumnMask used);
  Record Row(std::size_t row) const;

 private:
  struct Text {
    std::string_view Record::*field;
    StringColumn column;
  };
  bool Uses(LogsColumn column) const { return column == kId || (used_ >> column & 1) != 0; }

  BatchView& view_;
  const ColumnMask used_;
  std::array<std::span<const std::int64_t>, static_cast<std::size_t>(Column::kPeer) + 1> numbers_;
  std::vector<Text> texts_;
  BatchView::PeerColumn peers_;
};

// Sets the result of `context` to one field. Absent fields are NULL.
void SetResult(sqlite3_context* context, const Record& record, int column);

}  // namespace cistern::sql
