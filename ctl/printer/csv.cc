#include "cistern/v1/record.pb.h"
#include "ctl/printer/record_printer.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

constexpr std::string_view kHeader =
    "id,received,time,peer,port,transport,listener,tls_identity,facility,severity,hostname,app_name,procid,"
    "msgid,"
    "structured_data,message,format,flags,tags\n";

class CsvPrinter : public RecordPrinter {
 public:
  explicit CsvPrinter(bool escape) : escape_(escape) {}

  void AppendHeader(std::string& out) override { out += kHeader; }

  void Append(const v1::Record& record, std::string& out) override {
    out += std::to_string(record.id()) + ",";
    if (record.has_received_time()) AppendRfc3339(record.received_time(), out);
    out += ',';
    if (record.has_message_time()) AppendRfc3339(record.message_time(), out);
    out += ',';
    Field(record.peer_address(), out);
    if (record.peer_port() != 0) out += std::to_string(record.peer_port());
    out += ',';
    for (const std::string_view field :
         {TransportName(record.transport()), std::string_view(record.listener()),
          std::string_view(record.tls_identity()), FacilityName(record.facility()),
          SeverityName(record.severity()), std::string_view(record.hostname()),
          std::string_view(record.app_name()), std::string_view(record.procid()),
          std::string_view(record.msgid())}) {
      Field(field, out);
    }
    AppendLast(record, out);
  }

 private:
  void AppendLast(const v1::Record& record, std::string& out) {
    std::string json;
    JsonWriter writer(json);
    if (!record.structured_data().empty()) WriteStructuredData(record, writer);
    Field(json, out);
    Field(record.message(), out);
    Field(FormatName(record.format()), out);
    std::string flags;
    for (const int flag : record.flags()) {
      if (!flags.empty()) flags += ';';
      flags += FlagName(static_cast<v1::Flag>(flag));
    }
    Field(flags, out);
    std::string tags;
    JsonWriter tag_writer(tags);
    if (!record.tags().empty()) WriteTags(record.tags(), tag_writer);
    Field(tags, out);
    out.back() = '\n';
  }

  // With a comma behind it.
  void Field(std::string_view text, std::string& out) {
    text_.clear();
    if (escape_) {
      AppendVisible(text, text_);
    } else {
      AppendUtf8(text, text_);
    }
    AppendCsvField(text_, out);
    out += ',';
  }

  const bool escape_;
  std::string text_;
};

}  // namespace

bool IsRecordCsv(std::string_view head) { return head.starts_with(kHeader); }

std::unique_ptr<RecordPrinter> MakeCsvPrinter(const RecordStyle& style) {
  return std::make_unique<CsvPrinter>(style.terminal);
}

}  // namespace cistern::ctl
