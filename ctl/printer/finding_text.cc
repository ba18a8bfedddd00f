#include "ctl/printer/finding_text.h"

#include <fmt/format.h>

#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "storage/care/check.h"

namespace cistern::ctl {
namespace {

std::string_view KindName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kFile:
      return "file";
    case FindingKind::kBatch:
      return "batch";
    case FindingKind::kIndex:
      return "index";
    case FindingKind::kFigures:
      return "figures";
    case FindingKind::kCatalog:
      return "catalog";
  }
  return "";
}

std::string Plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return FormatCount(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace

void AppendFindingText(const Finding& finding, std::string& out) {
  out += Visible(finding.file) + ": " + Visible(finding.text);
  if (finding.first_id != RecordId{0})
    out += fmt::format("; ids {} to {}", ToInt(finding.first_id), ToInt(finding.last_id));
  if (finding.max_received != 0)
    out += fmt::format(", received {} to {}", Rfc3339(finding.min_received), Rfc3339(finding.max_received));
  if (finding.lost_records != 0)
    out += fmt::format(", {} lost", Plural(finding.lost_records, "record", "records"));
  out += '\n';
}

void AppendFindingJson(const Finding& finding, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("kind").String(KindName(finding.kind));
  json.Key("file").String(finding.file).Key("text").String(finding.text);
  if (finding.first_id != RecordId{0}) {
    json.Key("first_id").Number(ToInt(finding.first_id));
    json.Key("last_id").Number(ToInt(finding.last_id));
  }
  if (finding.max_received != 0) {
    json.Key("oldest_received").String(Rfc3339(finding.min_received));
    json.Key("newest_received").String(Rfc3339(finding.max_received));
  }
  json.Key("lost_records").Number(finding.lost_records);
  json.Key("repairable").Bool(finding.repairable);
  json.EndObject();
  out += '\n';
}

void AppendSummaryJson(const CheckProgress& progress, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("summary").BeginObject();
  json.Key("findings").Number(progress.findings);
  json.Key("log_files").Number(progress.files_done).Key("batches").Number(progress.batches);
  json.Key("records").Number(progress.records).Key("lost_records").Number(progress.lost_records);
  json.EndObject().EndObject();
  out += '\n';
}

std::string SummaryText(const CheckProgress& progress) {
  std::string text =
      progress.findings == 0 ? std::string("clean") : Plural(progress.findings, "finding", "findings");
  text += ": " + Plural(progress.files_done, "log file", "log files") + ", " +
          Plural(progress.batches, "batch", "batches") + ", " +
          Plural(progress.records, "sound record", "sound records");
  if (progress.lost_records != 0) text += ", " + FormatCount(progress.lost_records) + " lost";
  return text;
}

}  // namespace cistern::ctl
