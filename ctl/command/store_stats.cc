#include <fmt/format.h>

#include <map>

#include "cistern/v1/store_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct StatsOptions {
  std::string by = "day";
  std::string output = "table";
};

// Log files of one day, one file, or all.
struct Sum {
  std::uint64_t files = 0, records = 0, blocks = 0, bytes = 0, received_bytes = 0;
  void Add(const v1::LogFileStats& file) {
    ++files;
    records += file.records();
    blocks += file.blocks();
    bytes += file.bytes();
    received_bytes += file.received_bytes();
  }
};

double Per(std::uint64_t amount, std::uint64_t records) {
  return static_cast<double>(amount) / static_cast<double>(std::max<std::uint64_t>(records, 1));
}

// How many times smaller than what was received.
std::string Ratio(const Sum& sum) {
  return sum.bytes == 0 ? "" : fmt::format("{:.1f}", Per(sum.received_bytes, sum.bytes));
}

void AddRow(const std::string& name, const Sum& sum, Grid& grid) {
  grid.AddRow({name, std::to_string(sum.files), FormatCount(sum.records), FormatCount(sum.blocks),
               FormatBytes(sum.received_bytes), FormatBytes(sum.bytes),
               fmt::format("{:.1f}", Per(sum.bytes, sum.records)), Ratio(sum)});
}

void WriteSum(const std::string& key, const std::string& name, const Sum& sum, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key(key).String(name).Key("log_files").Number(sum.files).Key("records").Number(sum.records);
  json.Key("blocks").Number(sum.blocks).Key("received_bytes").Number(sum.received_bytes);
  json.Key("bytes").Number(sum.bytes);
  json.EndObject();
  out += '\n';
}

void ShowFiles(const Context& context, const v1::GetStatsResponse& stats, const StatsOptions& options,
               std::string& out) {
  std::map<std::string, Sum> sums;
  Sum all;
  for (const v1::LogFileStats& file : stats.files()) {
    sums[options.by == "day" ? file.day() : file.name()].Add(file);
    all.Add(file);
  }
  if (options.output == "json") {
    for (const auto& [name, sum] : sums) WriteSum(options.by, name, sum, out);
    return;
  }
  using Align = Grid::Align;
  Grid grid({{options.by == "day" ? "DAY" : "FILE"},
             {"FILES", Align::kRight},
             {"RECORDS", Align::kRight},
             {"BLOCKS", Align::kRight},
             {"RECEIVED", Align::kRight},
             {"ON DISK", Align::kRight},
             {"B/RECORD", Align::kRight},
             {"RATIO", Align::kRight}});
  for (const auto& [name, sum] : sums) AddRow(name, sum, grid);
  if (sums.size() != 1) AddRow("all", all, grid);
  grid.AppendTo(out, context.color);
}

void ShowColumns(const Context& context, const v1::GetStatsResponse& stats, const StatsOptions& options,
                 std::string& out) {
  std::map<std::string, std::uint64_t> columns;
  Sum all;
  for (const v1::LogFileStats& file : stats.files()) {
    all.Add(file);
    for (const v1::ColumnStats& column : file.columns()) columns[column.name()] += column.bytes();
  }
  std::vector<std::pair<std::string, std::uint64_t>> sorted(columns.begin(), columns.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  if (options.output == "json") {
    for (const auto& [name, bytes] : sorted) {
      JsonWriter json(out);
      json.BeginObject().Key("column").String(name).Key("bytes").Number(bytes);
      json.Key("records").Number(all.records).EndObject();
      out += '\n';
    }
    return;
  }
  using Align = Grid::Align;
  Grid grid({{"COLUMN"}, {"ON DISK", Align::kRight}, {"B/RECORD", Align::kRight}, {"SHARE", Align::kRight}});
  const auto add = [&](const std::string& name, std::uint64_t bytes) {
    grid.AddRow({name, FormatBytes(bytes), fmt::format("{:.2f}", Per(bytes, all.records)),
                 fmt::format("{:.1f} %", 100 * Per(bytes, all.bytes))});
  };
  for (const auto& [name, bytes] : sorted) add(name, bytes);
  add("all", all.bytes);
  grid.AppendTo(out, context.color);
}

void RunStats(Context& context, const StatsOptions& options) {
  v1::GetStatsResponse stats;
  if (Report(context, Client(context).GetStats(stats)) != kExitOk) return;
  Output output(context);
  if (stats.files_size() == 0 && options.output == "table") return Note(context, "nothing is stored yet");
  (options.by == "column" ? ShowColumns : ShowFiles)(context, stats, options, output.text());
}

}  // namespace

void RegisterStoreStats(CLI::App& store, Context& context) {
  auto& command = AddCommand(store, "stats", "Shows where the store's octets are");
  auto options = std::make_shared<StatsOptions>();
  AddChoice(command, "--by", options->by, "day|file|column",
            "A line for each day, log file or column (default day)");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "RECEIVED is estimated from a sample; RATIO is RECEIVED to ON DISK. Columns: `index` and `words` "
      "make\n"
      "searching fast, `sqlite` is pages, keys and free space.",
      {"store stats", "store stats --by column", "store stats --by file -o json"});
  OnRun(command, [&context, options] { RunStats(context, *options); });
}

}  // namespace cistern::ctl
