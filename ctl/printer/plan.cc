#include "ctl/printer/plan.h"

#include "cistern/v1/log_service.pb.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct Line {
  std::uint64_t count;
  const char* what;
  const char* key;
  bool always;
};

std::vector<Line> LinesOf(const v1::QuerySummary& s) {
  return {{s.days(), "days", "days", false},
          {s.batches_considered(), "batches considered", "batches_considered", true},
          {s.batches_pruned_by_time(), "  left out by id or time", "batches_pruned_by_time", false},
          {s.batches_pruned_by_value(), "  left out by values", "batches_pruned_by_value", false},
          {s.batches_pruned_by_word(), "  left out by words", "batches_pruned_by_word", false},
          {s.batches_pruned_by_template(), "  left out by templates", "batches_pruned_by_template", false},
          {s.batches_answered_by_index(), "  answered by their index", "batches_answered_by_index", false},
          {s.batches_read(), "  read", "batches_read", true},
          {s.records_ruled_out(), "records ruled out by templates", "records_ruled_out", false},
          {s.records_taken(), "records taken by templates", "records_taken", false},
          {s.records_considered(), "records evaluated", "records_considered", true},
          {s.matches(), "records matched", "matches", true}};
}

}  // namespace

void AppendPlan(const v1::QuerySummary& summary, bool color, std::string& out) {
  Grid grid({{"COUNT", Grid::Align::kRight}, {"PLAN"}});
  for (const Line& line : LinesOf(summary)) {
    if (line.always || line.count > 0) grid.AddRow({FormatCount(line.count), line.what});
  }
  grid.AddRow({FormatBytes(summary.bytes_read()), "read"});
  if (summary.bytes_decoded() > 0) grid.AddRow({FormatBytes(summary.bytes_decoded()), "decoded"});
  grid.AddRow({FormatSpan(ToNs(summary.elapsed())), "time"});
  grid.AppendTo(out, color);
}

void AppendPlanJson(const v1::QuerySummary& summary, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  for (const Line& line : LinesOf(summary)) json.Key(line.key).Number(line.count);
  json.Key("bytes_read").Number(summary.bytes_read());
  json.Key("bytes_decoded").Number(summary.bytes_decoded());
  json.Key("seconds").Seconds(ToNs(summary.elapsed()));
  json.EndObject();
  out += '\n';
}

}  // namespace cistern::ctl
