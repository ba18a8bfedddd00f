#include "proto/convert/escape.h"
#include "proto/convert/time_text.h"
#include "proto/convert/utf8.h"
#include "service/forward/format.h"
#include "storage/batch_view.h"
#include "storage/filter/field.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

const std::vector<FieldRef>& ColumnsOf(const RecordFormatter::Options& options) {
  static const std::vector<FieldRef> kDefault = [] {
    std::vector<FieldRef> columns;
    for (const char* name : {"time", "host", "app", "procid", "facility", "severity", "peer", "message"})
      columns.push_back(*ParseField(name));
    return columns;
  }();
  return options.columns.empty() ? kDefault : options.columns;
}

}  // namespace

std::string RecordFormatter::Header() const {
  std::string out;
  if (options_.form != Form::kCsv) return out;
  for (const FieldRef& column : ColumnsOf(options_)) {
    if (!out.empty()) out += ',';
    AppendCsvField(filter::FieldName(column), out);
  }
  return out;
}

void RecordFormatter::AppendCsv(const Record& record, std::string& out) {
  RecordsView view(std::span(&record, 1));
  bool first = true;
  for (const FieldRef& column : ColumnsOf(options_)) {
    if (!first) out += ',';
    first = false;
    if (column.kind == FieldRef::Kind::kColumn &&
        (column.column == Column::kTime || column.column == Column::kReceived)) {
      const std::int64_t time = column.column == Column::kTime ? record.time : record.received;
      if (time != kNoTime) AppendRfc3339(time, out);
      continue;
    }
    scratch_.clear();
    FieldValues(view, column, {0}, [this](std::uint32_t, std::string_view value) {
      if (!scratch_.empty()) scratch_ += ';';
      AppendUtf8(value, scratch_);
    });
    AppendCsvField(scratch_, out);
  }
}

}  // namespace cistern
