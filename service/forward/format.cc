#include "service/forward/format.h"

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"

namespace cistern {

RecordFormatter::RecordFormatter(Options options) : options_(std::move(options)) {
  if (options_.mark_store.empty()) return;
  mark_ = std::string("[") + kMarkSdId + " store=\"";
  EscapeSdValue(options_.mark_store, mark_);
  mark_ += "\" id=\"";
}

RecordFormatter::Form RecordFormatter::FormOf(std::string_view name) {
  if (name == "rfc5424") return Form::kRfc5424;
  if (name == "rfc3164") return Form::kRfc3164;
  if (name == "json") return Form::kJson;
  if (name == "csv") return Form::kCsv;
  return Form::kOriginal;
}

void RecordFormatter::Append(const Record& record, std::string& out) {
  switch (options_.form) {
    case Form::kOriginal:
      return AppendRaw(record, out);
    case Form::kRfc5424:
      return AppendRfc5424(record, out);
    case Form::kRfc3164:
      return AppendRfc3164(record, out);
    case Form::kJson:
      return AppendJson(record, out);
    case Form::kCsv:
      return AppendCsv(record, out);
  }
}

}  // namespace cistern
