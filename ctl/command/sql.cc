#include <fmt/format.h>

#include <ostream>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct SqlOptions {
  FilterWords statement;
  std::uint64_t limit = 10'000;
  bool limit_given = false;
  std::string output;
};

std::string ValueText(const v1::SqlValue& value) {
  switch (value.value_case()) {
    case v1::SqlValue::kInteger:
      return std::to_string(value.integer());
    case v1::SqlValue::kReal:
      return fmt::format("{}", value.real());
    case v1::SqlValue::kText:
      return value.text();
    case v1::SqlValue::kBlob: {
      std::string base64;
      AppendBase64(value.blob(), base64);
      return base64;
    }
    case v1::SqlValue::VALUE_NOT_SET:
      break;
  }
  return {};
}

class RowPrinter {
 public:
  RowPrinter(Context& context, const std::string& form) : context_(context), form_(form), output_(context) {}

  // False when the output takes nothing any more.
  bool Append(const v1::SqlResponse& response) {
    if (response.columns_size() > 0) Begin(response);
    for (const v1::SqlRow& row : response.rows()) {
      if (form_ == "table") {
        AddToGrid(row);
      } else {
        form_ == "json" ? AppendJson(row) : AppendCsv(row);
      }
    }
    rows_ += static_cast<std::uint64_t>(response.rows_size());
    return output_.Advance();
  }

  bool Finish() {
    if (grid_) grid_->AppendTo(output_.text(), context_.color);
    return output_.Flush();
  }
  std::uint64_t rows() const { return rows_; }

 private:
  void Begin(const v1::SqlResponse& response) {
    columns_.assign(response.columns().begin(), response.columns().end());
    std::vector<Grid::Column> titles;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      titles.push_back({columns_[i]});
      if (form_ == "csv") AppendCsvField(columns_[i], i);
    }
    if (form_ == "csv") output_.text() += '\n';
    if (form_ == "table") grid_.emplace(std::move(titles));
  }

  void AddToGrid(const v1::SqlRow& row) {
    std::vector<std::string> cells;
    for (const v1::SqlValue& value : row.values()) cells.push_back(ValueText(value));
    grid_->AddRow(cells);
  }

  void AppendJson(const v1::SqlRow& row) {
    JsonWriter json(output_.text());
    json.BeginObject();
    for (int i = 0; i < row.values_size(); ++i) {
      json.Key(columns_[static_cast<std::size_t>(i)]);
      const v1::SqlValue& value = row.values(i);
      const bool text = value.has_text() || value.has_blob();
      text ? json.String(ValueText(value))
           : json.Literal(value.has_integer() || value.has_real() ? ValueText(value) : "null");
    }
    json.EndObject();
    output_.text() += '\n';
  }

  void AppendCsv(const v1::SqlRow& row) {
    for (int i = 0; i < row.values_size(); ++i) {
      AppendCsvField(ValueText(row.values(i)), static_cast<std::size_t>(i));
    }
    output_.text() += '\n';
  }

  void AppendCsvField(std::string_view field, std::size_t index) {
    std::string& out = output_.text();
    if (index > 0) out += ',';
    const std::string shown = context_.terminal ? Visible(field) : std::string(field);
    if (shown.find_first_of(",\"\r\n") == std::string::npos) {
      out += shown;
      return;
    }
    out += '"';
    for (const char c : shown) out.append(c == '"' ? 2 : 1, c);
    out += '"';
  }

  Context& context_;
  const std::string form_;
  Output output_;
  std::vector<std::string> columns_;
  std::optional<Grid> grid_;
  std::uint64_t rows_ = 0;
};

void RunSql(Context& context, const SqlOptions& options) {
  const InterruptGuard interrupt(context.stop);
  v1::SqlRequest request;
  request.set_statement(options.statement.Text());
  request.set_limit(options.limit);
  RowPrinter printer(context,
                     options.output.empty() ? (context.terminal ? "table" : "json") : options.output);
  bool more = false;
  const auto status = Client(context).Sql(request, [&](v1::SqlResponse& response) {
    more = response.more();
    return printer.Append(response);
  });
  if (!printer.Finish() || Report(context, status) != kExitOk) return;
  if (more && !options.limit_given) {
    Note(context, fmt::format("showing {} rows; there are more (-n)", FormatCount(printer.rows())));
  }
}

}  // namespace

void RegisterSql(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "sql", "Runs one SELECT over the stored records, the table `logs`");
  auto options = std::make_shared<SqlOptions>();
  Require(AddTexts(command, "STATEMENT", options->statement.words, "SELECT in SQLite's language; quote it"));
  auto* limit = AddNumber(command, "-n,--limit", options->limit, "At most N rows (default 10000)", 1);
  AddChoice(command, "-o,--output", options->output, "table|json|csv",
            "Form of the rows (default table on a terminal, else json)");
  AddExamples(
      command,
      "Columns: id time received hostname app_name procid msgid facility severity (0 emerg to 7 debug)\n"
      "severity_name peer port transport listener tls_identity format flags message raw\n"
      "structured_data tags. Times are UTC, as datetime() writes them. `message MATCH 'FILTER'` takes\n"
      "any filter and is the fastest way to search; bounds on received and id are fast, too.",
      {"sql \"SELECT app_name, count(*) FROM logs WHERE received >= datetime('now', '-1 hour') GROUP BY 1\"",
       "sql \"SELECT received, message FROM logs WHERE message MATCH 'failed password' LIMIT 20\""});
  OnRun(command, [&context, options, limit] {
    options->limit_given = IsGiven(limit);
    RunSql(context, *options);
  });
}

}  // namespace cistern::ctl
