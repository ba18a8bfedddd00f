#include "ctl/printer/record_printer.h"

#include "cistern/v1/record.pb.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

class JsonPrinter : public RecordPrinter {
 public:
  void Append(const v1::Record& record, std::string& out) override {
    AppendRecordJson(record, out);
    out += '\n';
  }
};

class RawPrinter : public RecordPrinter {
 public:
  void Append(const v1::Record& record, std::string& out) override {
    out.append(record.raw());
    out += '\n';
  }
};

}  // namespace

OutputFormat ParseOutputFormat(std::string_view name) {
  if (name == "json") return OutputFormat::kJson;
  if (name == "raw") return OutputFormat::kRaw;
  if (name == "csv") return OutputFormat::kCsv;
  return OutputFormat::kTable;
}

std::unique_ptr<RecordPrinter> MakeRecordPrinter(OutputFormat format, const RecordStyle& style) {
  switch (format) {
    case OutputFormat::kJson:
      return std::make_unique<JsonPrinter>();
    case OutputFormat::kRaw:
      return std::make_unique<RawPrinter>();
    case OutputFormat::kCsv:
      return MakeCsvPrinter(style);
    case OutputFormat::kTable:
      break;
  }
  return MakeTablePrinter(style);
}

}  // namespace cistern::ctl
