// Records in the forms that targets send them in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record.h"
#include "service/forward/clock_text.h"
#include "storage/filter/filter.h"

namespace cistern {

// The structured data element that forwarded RFC 5424 messages carry: `store` is the id of the store that
// forwarded them, `id` the record's id there.
inline constexpr char kMarkSdId[] = "cistern@32473";

// RFC 5424: what was received in this form stays as it is but for the mark, which goes before its structured
//   data; a record that has a mark already keeps it. Other records are rendered from their fields: without a
//   host the peer's address stands there, without a time the received time.
// RFC 3164: rendered from the fields, times in UTC; structured data is left out.
// In headers, octets that are not printable ASCII become `?`.
// Not thread-safe: keeps buffers.
class RecordFormatter {
 public:
  enum class Form {
    kOriginal,  // the octets as they were received
    kRfc5424,
    kRfc3164,
    kJson,  // one object, as cisternctl prints it
    kCsv,
  };
  struct Options {
    Form form = Form::kOriginal;
    std::string mark_store;         // kRfc5424: adds the element kMarkSdId with this store; empty: none
    std::vector<FieldRef> columns;  // kCsv
  };
  // `original`, `rfc5424`, `rfc3164`, `json` or `csv`.
  static Form FormOf(std::string_view name);

  explicit RecordFormatter(Options options);

  // Appends a record, without a line end. What is received and holds line ends may still hold them.
  void Append(const Record& record, std::string& out);
  // The first line of a CSV file, without a line end; empty for the other forms.
  std::string Header() const;

 private:
  void AppendRfc5424(const Record& record, std::string& out);
  void AppendHeader5424(const Record& record, std::string& out);
  void AppendTime5424(const Record& record, std::string& out);
  void AppendMark(const Record& record, std::string& out);
  void AppendRfc3164(const Record& record, std::string& out);
  void AppendJson(const Record& record, std::string& out);
  void AppendCsv(const Record& record, std::string& out);

  const Options options_;
  std::string mark_;  // the element kMarkSdId up to the id
  std::string scratch_;
  ClockText clock_;
};

}  // namespace cistern
