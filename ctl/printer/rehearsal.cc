#include "ctl/printer/rehearsal.h"

#include <fmt/format.h>

#include <map>

#include "cistern/v1/rule_service.pb.h"
#include "ctl/printer/event.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/record.h"
#include "proto/convert/time_text.h"

namespace cistern::ctl {
namespace {

void AppendMap(const google::protobuf::Map<std::string, std::string>& map, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [name, value] : std::map<std::string, std::string>(map.begin(), map.end()))
    json.Key(name).String(value);
  json.EndObject();
}

void AppendFigures(const v1::RuleFigures& figures, JsonWriter& json) {
  json.BeginObject().Key("matched").Number(figures.matched()).Key("dropped").Number(figures.dropped());
  json.Key("changed").Number(figures.changed()).Key("events").Number(figures.events());
  json.Key("keys").Number(figures.keys()).Key("evicted").Number(figures.evicted());
  json.Key("expired").Number(figures.expired()).EndObject();
}

void AppendSample(const v1::RehearsedRecord& sample, JsonWriter& json) {
  json.BeginObject().Key("id").Number(sample.record_id()).Key("message").String(sample.message());
  json.Key("dropped").Bool(sample.dropped());
  if (!sample.dropped()) json.Key("message_after").String(sample.message_after());
  if (!sample.tags().empty()) {
    json.Key("tags");
    AppendMap(sample.tags(), json);
  }
  json.EndObject();
}

// The figure, and that of the rule in force where it is another.
std::string Compared(const v1::RehearsedRule& rule, std::uint64_t now, std::uint64_t before) {
  if (!rule.has_before() || now == before) return FormatCount(now);
  return FormatCount(now) + " (was " + FormatCount(before) + ")";
}

void AppendSampleText(const v1::RehearsedRecord& sample, bool color, std::string& out) {
  out += fmt::format("    {} ", sample.record_id());
  if (sample.dropped()) {
    out += Painted("- " + Visible(sample.message()), Paint::kRed, color) + '\n';
    return;
  }
  if (sample.message() != sample.message_after()) {
    out += Painted("- " + Visible(sample.message()), Paint::kRed, color) + '\n';
    out += fmt::format("    {} ", sample.record_id());
    out += Painted("+ " + Visible(sample.message_after()), Paint::kGreen, color) + '\n';
  } else {
    out += "  " + Visible(sample.message()) + '\n';
  }
  const std::map<std::string, std::string> tags(sample.tags().begin(), sample.tags().end());
  if (tags.empty()) return;
  out += "        tags:";
  for (const auto& [name, value] : tags) out += " " + Visible(name) + "=" + Visible(value);
  out += '\n';
}

}  // namespace

void AppendEventJson(const v1::Event& event, JsonWriter& json) {
  json.BeginObject().Key("rule").String(event.rule()).Key("severity");
  json.String(EventSeverityName(event.severity())).Key("state");
  json.String(event.state() == v1::Event::STATE_RESOLVED ? "resolved" : "open");
  json.Key("key").String(event.key()).Key("summary").String(event.summary());
  json.Key("count").Number(event.count()).Key("first").Time(event.first_time()).Key("last");
  json.Time(event.last_time()).Key("fields");
  AppendMap(event.fields(), json);
  json.Key("record_ids").BeginArray();
  for (const std::uint64_t id : event.record_ids()) json.Number(id);
  json.EndArray().EndObject();
}

void AppendRehearsalJson(const v1::RehearseRulesResponse& response, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("records").Number(response.records());
  json.Key("seconds").Seconds(FromProto(response.elapsed()));
  json.Key("bytes_saved").Number(response.bytes_saved()).Key("rules").BeginArray();
  for (const v1::RehearsedRule& rule : response.rules()) {
    json.BeginObject().Key("rule").String(rule.name()).Key("now");
    AppendFigures(rule.figures(), json);
    if (rule.has_before()) {
      json.Key("before");
      AppendFigures(rule.before(), json);
    }
    json.Key("samples").BeginArray();
    for (const v1::RehearsedRecord& sample : rule.samples()) AppendSample(sample, json);
    json.EndArray().EndObject();
  }
  json.EndArray().Key("events").BeginArray();
  for (const v1::Event& event : response.events()) AppendEventJson(event, json);
  json.EndArray().EndObject();
  out += '\n';
}

void AppendRehearsalText(const v1::RehearseRulesResponse& response, bool color, std::string& out) {
  using Align = Grid::Align;
  out += fmt::format("{} records in {}", FormatCount(response.records()),
                     FormatSpan(FromProto(response.elapsed())));
  if (response.bytes_saved() != 0)
    out += fmt::format("; about {} would not have been stored", FormatBytes(response.bytes_saved()));
  out += '\n';
  Grid grid({{"RULE"},
             {"MATCHED", Align::kRight},
             {"DROPPED", Align::kRight},
             {"CHANGED", Align::kRight},
             {"EVENTS", Align::kRight}});
  for (const v1::RehearsedRule& rule : response.rules()) {
    const v1::RuleFigures &now = rule.figures(), &was = rule.before();
    grid.AddRow({rule.name(), Compared(rule, now.matched(), was.matched()),
                 Compared(rule, now.dropped(), was.dropped()), Compared(rule, now.changed(), was.changed()),
                 Compared(rule, now.events(), was.events())});
  }
  grid.AppendTo(out, color);
  for (const v1::RehearsedRule& rule : response.rules()) {
    if (rule.samples().empty()) continue;
    out += fmt::format("\nrecords of {}:\n", rule.name());
    for (const v1::RehearsedRecord& sample : rule.samples()) AppendSampleText(sample, color, out);
  }
  if (!response.events().empty()) out += "\nevents:\n";
  for (const v1::Event& event : response.events())
    out += fmt::format("    {}  {}  {}\n", Rfc3339(FromProto(event.last_time())), event.rule(),
                       Visible(event.summary()));
}

}  // namespace cistern::ctl
