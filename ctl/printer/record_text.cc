#include "ctl/printer/record_text.h"

#include <fmt/format.h>

#include "absl/time/time.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "ingest/parse/utf8.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

class Page {
 public:
  Page(bool color, std::string& out) : color_(color), out_(out) {}

  // Nothing when `value` is empty.
  void Line(std::string_view name, std::string_view value) {
    if (!value.empty()) Always(name, value);
  }

  void Always(std::string_view name, std::string_view value) {
    AppendPainted(fmt::format("  {:<15} ", name), Paint::kDim, color_, out_);
    AppendVisible(value, out_);
    out_ += '\n';
  }

  void Time(std::string_view name, const google::protobuf::Timestamp& time) {
    const auto local =
        absl::FormatTime("%Y-%m-%d %H:%M:%E9S %Ez", absl::FromUnixNanos(ToNs(time)), absl::LocalTimeZone());
    Line(name, local);
  }

  void Title(std::string_view title) {
    AppendPainted(fmt::format("{}\n", title), Paint::kBold, color_, out_);
  }

 private:
  const bool color_;
  std::string& out_;
};

void AppendOrigin(const v1::ExplainResponse& explain, Page& page) {
  const v1::Record& record = explain.record();
  if (record.has_received_time()) page.Time("received", record.received_time());
  if (record.has_message_time()) page.Time("message time", record.message_time());
  if (explain.has_event_time()) page.Time("event time", explain.event_time());
  page.Line("peer", record.peer_address());
  if (record.peer_port() != 0) page.Line("port", std::to_string(record.peer_port()));
  page.Line("transport", TransportName(record.transport()));
  page.Line("listener", record.listener());
  page.Line("tls identity", record.tls_identity());
}

void AppendFields(const v1::Record& record, Page& page) {
  page.Line("format", FormatName(record.format()));
  page.Line("facility", FacilityName(record.facility()));
  page.Line("severity", SeverityName(record.severity()));
  page.Line("hostname", record.hostname());
  page.Line("app name", record.app_name());
  page.Line("procid", record.procid());
  page.Line("msgid", record.msgid());
  for (const auto& element : record.structured_data()) {
    if (element.params().empty()) page.Line(fmt::format("sd.{}", Visible(element.id())), "(no parameters)");
    for (const auto& param : element.params()) {
      page.Always(fmt::format("sd.{}.{}", Visible(element.id()), Visible(param.name())), param.value());
    }
  }
  for (const auto& tag : record.tags()) page.Always(fmt::format("tag.{}", Visible(tag.name())), tag.value());
  std::string flags;
  for (const int flag : record.flags()) {
    flags += flags.empty() ? "" : " ";
    flags += FlagName(static_cast<v1::Flag>(flag));
  }
  page.Line("flags", flags);
  page.Line("message", record.message());
}

}  // namespace

void AppendExplainText(const v1::ExplainResponse& explain, bool color, std::string& out) {
  Page page(color, out);
  page.Title(fmt::format("Record {}", explain.record().id()));
  AppendOrigin(explain, page);
  AppendFields(explain.record(), page);
  if (!explain.decisions().empty()) page.Title("What the parser decided");
  for (const std::string& decision : explain.decisions()) out += "  " + Visible(decision) + "\n";
  if (!explain.payload_fields().empty()) {
    page.Title(fmt::format("Fields in the message ({})", Visible(explain.payload_kind())));
  }
  for (const auto& field : explain.payload_fields()) page.Always(Visible(field.name()), field.value());
  page.Title(fmt::format("Octets as received ({}, {})", explain.record().raw().size(),
                         explain.raw_is_rebuilt() ? "rebuilt from the fields" : "stored as they are"));
  out += "  " + Visible(explain.record().raw()) + "\n";
}

void AppendExplainJson(const v1::ExplainResponse& explain, std::string& out) {
  out += "{\"record\":";
  AppendRecordJson(explain.record(), out);
  out += ',';
  JsonWriter json(out);
  if (explain.has_event_time()) json.Key("event_time").Time(explain.event_time());
  json.Key("decisions").BeginArray();
  for (const std::string& decision : explain.decisions()) json.String(decision);
  json.EndArray().OptionalString("payload_kind", explain.payload_kind());
  if (!explain.payload_fields().empty()) WriteTags(explain.payload_fields(), json.Key("payload_fields"));
  json.Key("raw_is_rebuilt").Bool(explain.raw_is_rebuilt()).Key("raw").String(explain.record().raw());
  if (!IsUtf8(explain.record().raw())) {
    std::string base64;
    AppendBase64(explain.record().raw(), base64);
    json.Key("raw_base64").String(base64);
  }
  out += "}\n";
}

}  // namespace cistern::ctl
