// Records as text, in one of four forms.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace cistern::v1 {
class Record;
}

namespace cistern::ctl {

enum class OutputFormat { kTable, kJson, kRaw, kCsv };
// `table` `json` `raw` `csv`; anything else: table.
OutputFormat ParseOutputFormat(std::string_view name);

struct RecordStyle {
  bool color = false;
  bool terminal = false;    // csv: escape control characters as table always does
  bool event_time = false;  // table: show event time (message time if within five minutes of receipt, else
                            // received time) instead of received time
  absl::TimeZone zone;      // of the times in a table
};

// Appends text to a string that the caller writes out and clears. One thread.
class RecordPrinter {
 public:
  virtual ~RecordPrinter() = default;
  virtual void AppendHeader(std::string&) {}
  // With a newline at the end.
  virtual void Append(const v1::Record& record, std::string& out) = 0;
};

// table: `2026-11-20 11:00:00.123 err     host app[pid]: message`, one line a record, control characters
// escaped. json:  see json.h. raw:   the octets as received and a newline, nothing escaped. Needs include_raw
// in the request. csv:   RFC 4180 with a header line, LF line ends; the columns are the keys of the JSON
// form.
std::unique_ptr<RecordPrinter> MakeRecordPrinter(OutputFormat format, const RecordStyle& style);

// For MakeRecordPrinter.
std::unique_ptr<RecordPrinter> MakeTablePrinter(const RecordStyle& style);
std::unique_ptr<RecordPrinter> MakeCsvPrinter(const RecordStyle& style);
// Whether a text begins as a CSV printer begins it.
bool IsRecordCsv(std::string_view head);

}  // namespace cistern::ctl
