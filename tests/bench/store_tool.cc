// What bench-store measures inside the process, without gRPC: filling a store, asking it, and comparing it
// with the flat file of the same messages. Prints one JSON object a line. See README.md.
//
//   store_tool fill DIR FLAT RECORDS [COMMIT]  FLAT `-`: none. Received times spread over one hour.
//   store_tool ask DIR [QUESTION]              each question, or one, five times: median milliseconds
//   store_tool compare DIR FLAT                the octets of every message, one by one
//   store_tool fts DIR DATABASE                the same records as a SQLite table with indexes and FTS5
//   store_tool ask-fts DATABASE                the questions that it can answer
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ctl/sender/load_text.h"
#include "ingest/message/shape.h"
#include "ingest/parse/parser.h"
#include "storage/query/query.h"
#include "storage/query/query_pool.h"
#include "storage/store.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'176'000'000'000'000;  // 2026-11-20T12:00:00Z
constexpr std::int64_t kHour = 3'600'000'000'000;
constexpr int kRepeats = 5;
// Three messages of each fill hold these words, one with digits and one without.
constexpr const char* kRareText = "<13>Nov 20 12:00:00 web-01 app: kingfisher k9fisher42 seen";

double CpuSeconds(clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

[[noreturn]] void Fail(const std::string& text) {
  fmt::print(stderr, "store_tool: {}\n", text);
  std::exit(70);
}

template <class T>
T Value(Result<T> result, const char* what) {
  if (!result) Fail(fmt::format("{}: {}", what, result.error().message()));
  return std::move(*result);
}

std::unique_ptr<Store> Open(const std::string& dir) {
  return Value(Store::Open({.dir = dir, .free_space_reserve = 0},
                           [](const std::string& text) { fmt::print(stderr, "{}\n", text); }),
               "open");
}

std::uint64_t BytesOf(const std::string& dir) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir))
    if (entry.is_regular_file()) bytes += entry.file_size();
  return bytes;
}

// One message of the load, parsed into the batch as a receiver would.
class Source {
 public:
  explicit Source(std::uint64_t records)
      : records_(records), text_("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0) {}

  void Add(std::uint64_t number, RecordBatch& batch) {
    const std::int64_t received = kStart + static_cast<std::int64_t>(number * (kHour / records_));
    if (number % (records_ / 3) == records_ / 6) {
      line_ = kRareText;
    } else {
      text_.Render(number + 1, received - 200'000, line_);
    }
    Record& record = batch.records().emplace_back();
    record.received = received;
    record.peer = IpAddress::V4(0x7f000001);
    record.port = 40000;
    record.transport = Transport::kTcp;
    record.listener = "tcp";
    ParseMessage(batch.arena().Copy(line_), {.received = received}, record);
  }
  const std::string& line() const { return line_; }

 private:
  const std::uint64_t records_;
  ctl::LoadText text_;
  std::string line_;
};

void Fill(const std::string& dir, const std::string& flat, std::uint64_t records, std::uint64_t commit) {
  std::ofstream file;
  if (flat != "-") file.open(flat, std::ios::binary);
  std::uint64_t octets = 0;
  double append = -CpuSeconds(), close = 0;  // what workers of the store do meanwhile counts
  {
    const auto store = Open(dir);
    Source source(records);
    RecordBatch batch;
    RecordBatch* const batches[] = {&batch};
    for (std::uint64_t done = 0; done < records;) {
      const double before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
      batch.Clear();
      for (std::uint64_t i = 0; i < commit && done < records; ++i, ++done) {
        source.Add(done, batch);
        octets += source.line().size() + 1;
        if (file.is_open()) file << source.line() << '\n';
      }
      append -= CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - before;
      Value(store->Append(batches, {}), "append");
      store->Idle();
    }
    append += CpuSeconds();
    close = CpuSeconds();
  }
  close = CpuSeconds() - close;
  fmt::print(
      "{{\"records\":{},\"received_bytes\":{},\"append_cpu_us\":{:.3f},\"close_cpu_s\":{:.3f},\"disk_bytes\":"
      "{}}}\n",
      records, octets, append * 1e6 / static_cast<double>(records), close, BytesOf(dir));
}

// The one that is wanted; empty: all.
std::string only;

// Asks six times, the first to warm the caches; prints the median.
void Time(const char* name, const std::function<std::uint64_t()>& ask) {
  if (!only.empty() && only != name) return;
  std::vector<double> times;
  std::uint64_t answer = 0;
  const double cpu = CpuSeconds();
  for (int i = 0; i <= kRepeats; ++i) {
    const auto started = std::chrono::steady_clock::now();
    answer = ask();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    if (i > 0) times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  fmt::print("{{\"question\":\"{}\",\"answer\":{},\"ms\":{:.3f},\"cpu_ms\":{:.3f}}}\n", name, answer,
             times[kRepeats / 2], (CpuSeconds() - cpu) * 1e3 / (kRepeats + 1));
  std::fflush(stdout);
}

// As in the daemon: the caller and the other cores.
QueryControl Control() {
  static QueryPool pool;
  return {.pool = &pool};
}

std::uint64_t Newest(Store& store, const char* filter) {
  std::uint64_t octets = 0;
  const auto sink = [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
    for (const std::uint32_t row : rows) octets += view.Row(row).message.size();
    return true;
  };
  QueryOptions options;
  options.filter = *Filter::Parse(filter);
  const auto result = Value(RunQuery(store, options, Control(), sink), filter);
  return octets == 0 ? 0 : result.matches;
}

std::uint64_t Count(Store& store, const char* filter, const char* top = nullptr, std::int64_t bucket = 0) {
  AggregateOptions options;
  options.filter = *Filter::Parse(filter);
  options.bucket = bucket;
  if (top != nullptr) {
    options.top_field = *ParseField(top);
    options.top_limit = 10;
  }
  return Value(RunAggregate(store, options, Control()), filter).count;
}

void Ask(const std::string& dir) {
  const auto store = Open(dir);
  Store& s = *store;
  Time("rare word with digits", [&] { return Newest(s, "k9fisher42"); });
  Time("rare word without digits", [&] { return Newest(s, "kingfisher"); });
  Time("word that is not there", [&] { return Newest(s, "k9fisher43"); });
  Time("word asked for once",
       [&, number = 50]() mutable { return Newest(s, fmt::format("k9fisher{}", ++number).c_str()); });
  Time("newest 100", [&] { return Newest(s, ""); });
  Time("newest 100 of a phrase", [&] { return Newest(s, "\"Failed password for invalid user\""); });
  Time("count of a static phrase", [&] { return Count(s, "\"session opened for user\""); });
  Time("count by app", [&] { return Count(s, "", "app"); });
  Time("histogram by minute", [&] { return Count(s, "", nullptr, 60'000'000'000); });
  Time("count of a host and word", [&] { return Count(s, "host:db-01 password"); });
  Time("regex with literal", [&] { return Count(s, "/port [0-9]*77[0-9]*/"); });
  Time("regex without literal", [&] { return Count(s, "/[0-9a-f]{8}.*[0-9]{7}/"); });
  Time("address", [&] { return Count(s, "192.0.2.77"); });
}

// SQLite with FTS5, as somebody would set it up who wants to search logs with it.
class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) Fail(path);
  }
  ~Sqlite() { sqlite3_close(database_); }
  void Run(const char* sql) {
    char* error = nullptr;
    if (sqlite3_exec(database_, sql, nullptr, nullptr, &error) != SQLITE_OK) Fail(error);
  }
  // Steps to the end; the last column of the last row, or how many rows there were.
  std::uint64_t Ask(const char* sql, bool count_rows) {
    sqlite3_stmt* statement = Prepare(sql);
    std::uint64_t rows = 0, value = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; ++rows)
      value = static_cast<std::uint64_t>(sqlite3_column_int64(statement, 0));
    sqlite3_finalize(statement);
    return count_rows ? rows : value;
  }
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql, -1, &statement, nullptr) != SQLITE_OK) Fail(sql);
    return statement;
  }

 private:
  sqlite3* database_ = nullptr;
};

void BindText(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

void Fts(const std::string& dir, const std::string& path) {
  const auto store = Open(dir);
  Sqlite database(path);
  database.Run(
      "PRAGMA journal_mode=off; PRAGMA synchronous=off; BEGIN;"
      "CREATE TABLE logs(id INTEGER PRIMARY KEY, received INTEGER, host TEXT, app TEXT, message TEXT);"
      "CREATE VIRTUAL TABLE fts USING fts5(message, content='logs', content_rowid='id')");
  sqlite3_stmt* insert = database.Prepare("INSERT INTO logs VALUES(?1, ?2, ?3, ?4, ?5)");
  const auto scan = store->NewScan({});
  while (const auto batch = Value(scan->Next(), "scan")) {
    for (std::size_t row = 0; row < batch->size(); ++row) {
      const Record record = batch->Row(row);
      sqlite3_bind_int64(insert, 1, static_cast<sqlite3_int64>(ToInt(record.id)));
      sqlite3_bind_int64(insert, 2, record.received);
      BindText(insert, 3, record.hostname);
      BindText(insert, 4, record.app_name);
      BindText(insert, 5, record.message);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
  }
  sqlite3_finalize(insert);
  database.Run(
      "INSERT INTO fts(fts) VALUES('rebuild'); COMMIT; CREATE INDEX by_app ON logs(app);"
      "CREATE INDEX by_received ON logs(received)");
  fmt::print("{{\"disk_bytes\":{}}}\n", std::filesystem::file_size(path));
}

void AskFts(const std::string& path) {
  Sqlite d(path);
  const char* newest = "SELECT l.message FROM fts JOIN logs l ON l.id=fts.rowid WHERE fts MATCH ";
  const std::string rare = fmt::format("{}'k9fisher42' ORDER BY fts.rowid DESC LIMIT 100", newest);
  const std::string word = fmt::format("{}'kingfisher' ORDER BY fts.rowid DESC LIMIT 100", newest);
  const std::string phrase =
      fmt::format("{}'\"Failed password for invalid user\"' ORDER BY fts.rowid DESC LIMIT 100", newest);
  Time("rare word with digits", [&] { return d.Ask(rare.c_str(), true); });
  Time("rare word without digits", [&] { return d.Ask(word.c_str(), true); });
  Time("newest 100", [&] { return d.Ask("SELECT message FROM logs ORDER BY id DESC LIMIT 100", true); });
  Time("newest 100 of a phrase", [&] { return d.Ask(phrase.c_str(), true); });
  Time("count of a static phrase", [&] {
    return d.Ask("SELECT count(*) FROM fts WHERE fts MATCH '\"session opened for user\"'", false);
  });
  Time("count by app", [&] { return d.Ask("SELECT count(*) FROM logs GROUP BY app", true); });
  Time("histogram by minute",
       [&] { return d.Ask("SELECT received / 60000000000, count(*) FROM logs GROUP BY 1", true); });
  Time("address", [&] { return d.Ask("SELECT count(*) FROM fts WHERE fts MATCH '\"192.0.2.77\"'", false); });
}

void Compare(const std::string& dir, const std::string& flat) {
  const auto store = Open(dir);
  std::ifstream file(flat, std::ios::binary);
  std::uint64_t records = 0;
  const auto scan = store->NewScan({});
  for (std::string line;;) {
    const auto batch = Value(scan->Next(), "scan");
    if (!batch) break;
    const StringColumn raws = batch->Strings(Column::kRaw);
    if (batch->damaged()) Fail("a batch is damaged");
    for (std::size_t row = 0; row < batch->size(); ++row, ++records)
      if (!std::getline(file, line) || raws[row] != line)
        Fail(fmt::format("record {} reads '{}', not '{}'", records + 1, raws[row], line));
  }
  if (std::string more; std::getline(file, more)) Fail("records are missing");
  fmt::print("{{\"records\":{},\"equal\":true}}\n", records);
}

}  // namespace
}  // namespace cistern

int main(int argc, char** argv) {
  const std::string command = argc > 2 ? argv[1] : "";
  if (command == "fill" && argc > 4) {
    cistern::Fill(argv[2], argv[3], std::stoull(argv[4]), argc > 5 ? std::stoull(argv[5]) : 60'000);
  } else if (command == "ask") {
    if (argc > 3) cistern::only = argv[3];
    cistern::Ask(argv[2]);
  } else if (command == "compare" && argc > 3) {
    cistern::Compare(argv[2], argv[3]);
  } else if (command == "fts" && argc > 3) {
    cistern::Fts(argv[2], argv[3]);
  } else if (command == "ask-fts") {
    cistern::AskFts(argv[2]);
  } else {
    fmt::print(stderr, "store_tool fill|ask|compare|fts|ask-fts DIR ...: see the head of store_tool.cc\n");
    return 64;
  }
  return 0;
}
