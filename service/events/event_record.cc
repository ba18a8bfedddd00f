#include "service/events/event_record.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cistern/v1/event.pb.h"
#include "ingest/message/rfc5424_text.h"
#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"
#include "proto/convert/record.h"
#include "proto/convert/time_text.h"

namespace cistern {
namespace {

const char* StateName(v1::Event::State state) {
  if (state == v1::Event::STATE_RESOLVED) return "resolved";
  return state == v1::Event::STATE_ACKNOWLEDGED ? "acknowledged" : "open";
}

std::string TagsOf(const v1::Event& event, bool again) {
  std::string tags;
  AppendTag(tags, "event", std::to_string(event.id()));
  AppendTag(tags, "event.rule", event.rule());
  AppendTag(tags, "event.severity", SeverityName(static_cast<Severity>(event.severity())));
  AppendTag(tags, "event.state", StateName(event.state()));
  AppendTag(tags, "event.key", event.key());
  AppendTag(tags, "event.count", std::to_string(event.count()));
  AppendTag(tags, "event.first", Rfc3339(FromProto(event.first_time())));
  AppendTag(tags, "event.last", Rfc3339(FromProto(event.last_time())));
  if (!event.muted().empty()) AppendTag(tags, "event.muted", event.muted());
  if (again) AppendTag(tags, "event.redelivered", "1");
  std::vector<std::pair<std::string_view, std::string_view>> fields(event.fields().begin(),
                                                                    event.fields().end());
  std::sort(fields.begin(), fields.end());
  for (const auto& [name, value] : fields) {
    if (!IsReservedEventField(name)) AppendTag(tags, "event." + std::string(name), value);
  }
  return tags;
}

// As any sender would have sent it.
std::string TextOf(const v1::Event& event, std::string_view hostname) {
  Record shown;
  const bool over = event.state() == v1::Event::STATE_RESOLVED && event.has_resolve_time();
  shown.time = FromProto(over ? event.resolve_time() : event.last_time());
  shown.facility = kEventFacility;
  shown.severity = static_cast<Severity>(std::min(event.severity(), 7u));
  shown.hostname = hostname;
  shown.app_name = kEventAppName;
  shown.msgid = event.rule();
  const std::string message = (over ? "resolved: " : "") + event.summary();
  shown.message = message;
  std::string text;
  RenderRfc5424(shown, text);
  return text;
}

}  // namespace

bool IsReservedEventField(std::string_view name) {
  return std::find(kReservedEventFields.begin(), kReservedEventFields.end(), name) !=
         kReservedEventFields.end();
}

void AppendEventRecord(const v1::Event& event, std::string_view hostname, std::int64_t now, bool again,
                       RecordBatch& batch) {
  Record& record = batch.records().emplace_back();
  ParseMessage(batch.arena().Copy(TextOf(event, hostname)), ParseContext{now, nullptr}, record);
  batch.received_octets += record.raw.size();
  if (record.msgid != event.rule()) {  // longer than a header may show
    record.msgid = batch.arena().Copy(event.rule());
    record.shape = {};
  }
  record.received = now;
  record.transport = Transport::kInternal;
  record.tags = batch.arena().Copy(TagsOf(event, again));
}

}  // namespace cistern
