// Writers of exported records, one for each format.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "ctl/transfer/byte_source.h"

namespace cistern::v1 {
class Record;
}

namespace cistern::ctl {

// How RFC 5424 messages become a file.
enum class TextFraming {
  kLine,          // one a line; LF, CR and NUL inside become #012, #015, #000, as syslog daemons write them
  kOctetCounted,  // RFC 6587: `LENGTH MESSAGE`, every octet as it is, and a newline behind it
};
TextFraming ParseTextFraming(std::string_view name);  // line counted
void AppendFramed(std::string_view message, TextFraming framing, std::string& out);

// `jsonl` `csv` `rfc5424` `sqlite`.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  virtual Result<void, FileError> Write(const v1::Record& record) = 0;
  // Everything has been handed to the file or stream. Nothing is written without it.
  virtual Result<void, FileError> Finish() = 0;
};

// Into `out`, which outlives the writer; `name` of it for errors. Records need `raw`, but for csv.
//   jsonl    AppendExportJson, one a line
//   csv      as `query -o csv` into a file
//   rfc5424  AppendExportText
std::unique_ptr<RecordWriter> MakeTextWriter(std::string_view format, TextFraming framing, std::ostream& out,
                                             std::string name);

// Appends the record as RFC 5424 in `framing`: the octets as received when they were RFC 5424; else rendered,
// with the received time where there is no message time and the peer where there is no host name.
void AppendExportText(const v1::Record& record, TextFraming framing, std::string& out);

}  // namespace cistern::ctl
