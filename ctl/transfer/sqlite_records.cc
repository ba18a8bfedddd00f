// Tables as aiosyslogd writes them; sqlite_writer.h shows the columns.
#include <fmt/format.h>
#include <xxhash.h>

#include "absl/time/time.h"
#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/record_reader.h"
#include "ctl/transfer/sqlite_database.h"
#include "ctl/transfer/sqlite_writer.h"

namespace cistern::ctl {
namespace {

constexpr char kTables[] =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name = 'SystemEvents' OR name GLOB "
    "'SystemEvents[0-9][0-9][0-9][0-9][0-9][0-9]') ORDER BY name";
enum Columns { kId, kFacility, kPriority, kFromHost, kReceivedAt, kReportedTime, kTag, kProcess, kMessage };
constexpr char kColumns[] =
    "SELECT ID, Facility, Priority, FromHost, ReceivedAt, DeviceReportedTime, SysLogTag, ProcessID, Message ";

class SqliteRecords final : public RecordReader {
 public:
  SqliteRecords(std::shared_ptr<Database> database, std::string path, std::string table,
                std::shared_ptr<const Zone> zone)
      : database_(std::move(database)), table_(std::move(table)), name_(path + ": " + table_), zone_(zone) {}

  // Reads what names the table and how long it is.
  Result<void, FileError> Open() {
    const auto first =
        database_->Prepare(fmt::format("{} FROM {} ORDER BY ID LIMIT 1", std::string(kColumns), table_));
    if (!first) return first.error();
    std::string text = table_;
    if (sqlite3_step(first->get()) == SQLITE_ROW) {
      for (int column = 0; column <= kMessage; ++column)
        text.append(ColumnText(first->get(), column)) += '\0';
    }
    content_id_ = fmt::format("import-aiosyslogd-{:016x}", XXH3_64bits(text.data(), text.size()));
    const auto rows = database_->Integer("SELECT count(*) FROM " + table_);
    if (!rows) return rows.error();
    total_ = static_cast<std::uint64_t>(*rows);
    return SkipTo(0);
  }

  Result<void, FileError> SkipTo(std::uint64_t position) override {
    auto rows = database_->Prepare(
        fmt::format("{} FROM {} WHERE ID > {} ORDER BY ID", std::string(kColumns), table_, position));
    if (!rows) return rows.error();
    rows_ = std::move(*rows);
    position_ = position;
    const auto left =
        database_->Integer(fmt::format("SELECT count(*) FROM {} WHERE ID > {}", table_, position));
    if (!left) return left.error();
    done_ = total_ - std::min(total_, static_cast<std::uint64_t>(*left));
    return {};
  }

  Result<Got, FileError> Next(v1::Record& out) override {
    const int step = sqlite3_step(rows_.get());
    if (step == SQLITE_DONE) return Got::kEnd;
    if (step != SQLITE_ROW) return database_->Error();
    ++done_;
    position_ = static_cast<std::uint64_t>(sqlite3_column_int64(rows_.get(), kId));
    Fill(out);
    return Got::kRecord;
  }

  std::uint64_t position() const override { return position_; }
  const std::string& content_id() const override { return content_id_; }
  const std::string& name() const override { return name_; }
  std::uint64_t done() const override { return done_; }
  std::uint64_t total() const override { return total_; }

 private:
  void Fill(v1::Record& out) {
    out.Clear();
    const int facility = sqlite3_column_int(rows_.get(), kFacility);
    const int severity = sqlite3_column_int(rows_.get(), kPriority);
    if (facility >= 0 && facility <= 23) out.set_facility(static_cast<v1::Facility>(facility + 1));
    if (severity >= 0 && severity <= 7) out.set_severity(static_cast<v1::Severity>(severity + 1));
    out.mutable_hostname()->assign(Text(kFromHost, "-"));
    out.mutable_app_name()->assign(Text(kTag, "UNKNOWN"));
    out.mutable_procid()->assign(Text(kProcess, "0"));
    out.mutable_message()->assign(ColumnText(rows_.get(), kMessage));
    const auto received = ReadTime(ColumnText(rows_.get(), kReceivedAt));
    const auto reported = ReadTime(ColumnText(rows_.get(), kReportedTime));
    if (received) SetNs(*received, *out.mutable_received_time());
    if (reported) SetNs(*reported, *out.mutable_message_time());
  }

  // Empty where aiosyslogd writes `nothing` for an absent value.
  std::string_view Text(int column, std::string_view nothing) {
    const std::string_view text = ColumnText(rows_.get(), column);
    return text == nothing ? std::string_view() : text;
  }

  // `2026-11-20 10:00:00[.123456]`, with T in the middle too; then `+01:00`, `Z`, or nothing for local time.
  std::optional<std::int64_t> ReadTime(std::string_view text) const {
    std::string written(text);
    if (written.size() > 10) written[10] = 'T';
    absl::Time time;
    if (absl::ParseTime("%Y-%m-%dT%H:%M:%E*S%Ez", written, &time, nullptr)) return absl::ToUnixNanos(time);
    if (!absl::ParseTime("%Y-%m-%dT%H:%M:%E*S", written, absl::UTCTimeZone(), &time, nullptr)) return {};
    const std::int64_t shown = absl::ToUnixNanos(time);
    return shown - zone_->OffsetSeconds(absl::ToUnixSeconds(time)) * std::int64_t{1'000'000'000};
  }

  const std::shared_ptr<Database> database_;
  const std::string table_, name_;
  const std::shared_ptr<const Zone> zone_;
  std::string content_id_;
  Statement rows_;
  std::uint64_t position_ = 0, done_ = 0, total_ = 0;
};

}  // namespace

Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenSqliteReaders(const std::string& path,
                                                                                const ReadOptions& options) {
  auto opened = Database::Open(path, SQLITE_OPEN_READONLY);
  if (!opened) return opened.error();
  const auto database = std::make_shared<Database>(std::move(*opened));
  const auto written_by = database->Integer("PRAGMA application_id");
  if (!written_by) return written_by.error();
  auto zone = options.times.zone;
  if (*written_by == kExportApplicationId) zone = *LoadZone("UTC");
  const auto tables = database->Prepare(kTables);
  if (!tables) return tables.error();
  std::vector<std::unique_ptr<RecordReader>> readers;
  while (sqlite3_step(tables->get()) == SQLITE_ROW) {
    auto reader =
        std::make_unique<SqliteRecords>(database, path, std::string(ColumnText(tables->get(), 0)), zone);
    if (auto read = reader->Open(); !read) return read.error();
    readers.push_back(std::move(reader));
  }
  if (readers.empty()) return FileError{path + ": a SQLite file without a table SystemEvents"};
  return readers;
}

}  // namespace cistern::ctl
