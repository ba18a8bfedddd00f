#include "ctl/printer/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "absl/time/time.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"

namespace cistern::ctl {
namespace {

std::string LocalTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixNanos(ToNs(time)), absl::LocalTimeZone());
}

std::string Age(const google::protobuf::Timestamp& time, std::int64_t now_ns) {
  return FormatSpan(std::max<std::int64_t>(0, now_ns - ToNs(time))) + " ago";
}

// STATE_DELIVERED as `delivered`.
std::string DeliveryName(v1::EventDelivery::State state) {
  std::string name = v1::EventDelivery::State_Name(state);
  name = name.substr(std::min(name.size(), sizeof "STATE_" - 1));
  for (char& c : name) c = static_cast<char>(c | 0x20);
  return name;
}

std::map<std::string, std::string> Sorted(const google::protobuf::Map<std::string, std::string>& fields) {
  return {fields.begin(), fields.end()};
}

void AppendDeliveries(const v1::GetEventResponse& event, JsonWriter& json) {
  json.Key("deliveries").BeginArray();
  for (const v1::EventDelivery& delivery : event.deliveries()) {
    json.BeginObject().Key("target").String(delivery.target());
    json.Key("state").String(DeliveryName(delivery.state()));
    json.Key("failed_attempts").Number(delivery.failed_attempts());
    json.OptionalString("last_error", delivery.last_error()).EndObject();
  }
  json.EndArray();
}

void AppendLine(const char* name, const std::string& value, std::string& out) {
  if (!value.empty()) out += fmt::format("  {:<10} {}\n", name, Visible(value));
}

void AppendTimes(const v1::Event& event, std::string& out) {
  AppendLine("first", LocalTime(event.first_time()), out);
  AppendLine("last", LocalTime(event.last_time()), out);
  AppendLine("raised", LocalTime(event.create_time()), out);
  if (event.has_resolve_time()) AppendLine("resolved", LocalTime(event.resolve_time()), out);
}

std::string SilenceState(const v1::Silence& silence, std::int64_t now_ns) {
  if (ToNs(silence.end_time()) <= now_ns) return "over";
  return ToNs(silence.start_time()) > now_ns ? "later" : "active";
}

}  // namespace

std::string EventStateName(v1::Event::State state) {
  switch (state) {
    case v1::Event::STATE_OPEN:
      return "open";
    case v1::Event::STATE_ACKNOWLEDGED:
      return "acknowledged";
    case v1::Event::STATE_RESOLVED:
      return "resolved";
    default:
      return "";
  }
}

std::string EventSeverityName(std::uint32_t severity) {
  return std::string(SeverityName(static_cast<v1::Severity>(severity + 1)));
}

Grid EventGrid() {
  using Align = Grid::Align;
  return Grid({{"ID", Align::kRight},
               {"LAST"},
               {"SEVERITY"},
               {"STATE"},
               {"RULE"},
               {"COUNT", Align::kRight},
               {"SUMMARY"}});
}

void AddEventRow(const v1::Event& event, std::int64_t now_ns, Grid& grid) {
  grid.AddRow({std::to_string(event.id()), Age(event.last_time(), now_ns),
               EventSeverityName(event.severity()),
               EventStateName(event.state()) + (event.muted().empty() ? "" : ", muted"), event.rule(),
               FormatCount(event.count()), event.summary()});
}

void AppendEventJson(const v1::Event& event, const v1::GetEventResponse* deliveries, std::string& out,
                     std::uint64_t change) {
  JsonWriter json(out);
  json.BeginObject().Key("id").Number(event.id()).Key("rule").String(event.rule());
  if (change != 0) json.Key("change").Number(change);
  json.Key("severity").String(EventSeverityName(event.severity()));
  json.Key("state").String(EventStateName(event.state())).Key("key").String(event.key());
  json.Key("summary").String(event.summary()).Key("count").Number(event.count());
  json.Key("first").Time(event.first_time()).Key("last").Time(event.last_time());
  json.Key("created").Time(event.create_time()).Key("updated").Time(event.update_time());
  if (event.has_resolve_time()) json.Key("resolved").Time(event.resolve_time());
  json.OptionalString("muted", event.muted());
  json.Key("fields").BeginObject();
  for (const auto& [name, value] : Sorted(event.fields())) json.Key(name).String(value);
  json.EndObject().Key("record_ids").BeginArray();
  for (const std::uint64_t id : event.record_ids()) json.Number(id);
  json.EndArray();
  if (event.record_id() != 0) json.Key("record_id").Number(event.record_id());
  json.Key("notes").BeginArray();
  for (const v1::EventNote& note : event.notes()) {
    json.BeginObject().Key("time").Time(note.time()).Key("who").String(note.who());
    json.Key("text").String(note.text()).EndObject();
  }
  json.EndArray();
  if (deliveries != nullptr) AppendDeliveries(*deliveries, json);
  json.EndObject();
  out += '\n';
}

void AppendEventText(const v1::GetEventResponse& response, bool color, std::string& out) {
  const v1::Event& event = response.event();
  AppendPainted(fmt::format("event {}: {}\n", event.id(), Visible(event.summary())), Paint::kBold, color,
                out);
  AppendLine("rule", event.rule(), out);
  AppendLine("severity", EventSeverityName(event.severity()), out);
  AppendLine("state", EventStateName(event.state()), out);
  AppendLine("muted", event.muted(), out);
  AppendLine("key", event.key(), out);
  AppendLine("count", FormatCount(event.count()), out);
  AppendTimes(event, out);
  for (const auto& [name, value] : Sorted(event.fields())) AppendLine(name.c_str(), value, out);
  std::string records;
  for (const std::uint64_t id : event.record_ids())
    records += fmt::format("{}{}", records.empty() ? "" : ", ", id);
  AppendLine("records", records, out);
  if (event.record_id() != 0) AppendLine("its record", std::to_string(event.record_id()), out);
  for (const v1::EventNote& note : event.notes())
    AppendLine("note", fmt::format("{} {}: {}", LocalTime(note.time()), note.who(), note.text()), out);
  if (response.deliveries().empty()) return;
  out += '\n';
  Grid grid({{"TARGET"}, {"STATE"}, {"FAILED", Grid::Align::kRight}, {"LAST ERROR"}});
  for (const v1::EventDelivery& delivery : response.deliveries())
    grid.AddRow({delivery.target(), DeliveryName(delivery.state()),
                 std::to_string(delivery.failed_attempts()), delivery.last_error()});
  grid.AppendTo(out, color);
}

void AppendSilenceTable(const std::vector<v1::Silence>& silences, std::int64_t now_ns, bool color,
                        std::string& out) {
  Grid grid({{"NAME"}, {"STATE"}, {"FROM"}, {"TO"}, {"WHO"}, {"FILTER"}, {"COMMENT"}});
  for (const v1::Silence& silence : silences) {
    grid.AddRow({silence.name(), SilenceState(silence, now_ns), LocalTime(silence.start_time()),
                 LocalTime(silence.end_time()), silence.who(), silence.filter(), silence.comment()});
  }
  grid.AppendTo(out, color);
}

void AppendSilenceJson(const v1::Silence& silence, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("name").String(silence.name()).Key("filter").String(silence.filter());
  json.Key("start").Time(silence.start_time()).Key("end").Time(silence.end_time());
  json.OptionalString("comment", silence.comment()).Key("who").String(silence.who()).EndObject();
  out += '\n';
}

}  // namespace cistern::ctl
