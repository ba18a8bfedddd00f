#include "storage/care/log_rewrite.h"

#include <algorithm>

#include "storage/care/log_check.h"
#include "storage/care/row_judge.h"
#include "storage/sqlite/file_walker.h"
#include "storage/sqlite/log_file.h"
#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

constexpr int kRowsACommit = 16;
constexpr int kLastProbe = 48;
constexpr char kQuarantineTable[] =
    "CREATE TABLE IF NOT EXISTS quarantine(first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,"
    "records INTEGER NOT NULL, min_received INTEGER NOT NULL, max_received INTEGER NOT NULL,"
    "problem TEXT NOT NULL, data BLOB)";

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

class Rewriter {
 public:
  Rewriter(std::uint64_t after, RewriteResult& result) : after_(after), result_(result) {}

  Result<void> Run(const std::string& source, const std::string& target) {
    if (const auto opened = Open(source, target); !opened) return opened;
    for (bool more = true; more;) {
      Transaction transaction(target_);
      if (const auto begun = transaction.Begin(); !begun) return begun;
      for (int i = 0; i < kRowsACommit && more; ++i)
        if (const auto done = TakeNext(more); !done) return done;
      if (!more)
        if (const auto put = PutRuns(); !put) return put;
      if (const auto done = transaction.Commit(); !done) return done;
    }
    result_.totals = figures_.totals;
    return target_.Checkpoint(/*truncate=*/true);
  }

 private:
  Result<void> Open(const std::string& source, const std::string& target) {
    Result<std::unique_ptr<FileWalker>> walker = FileWalker::Open(source);
    if (!walker) return walker.error();
    source_ = std::move(*walker);
    if (const auto made = LogFile::Create(target, Sync::kFull, {}); !made) return made.error();
    Result<Database> database = Database::Open(target, Database::Mode::kReadWrite);
    if (!database) return database.error();
    target_ = std::move(*database);
    if (const auto set = target_.Run("PRAGMA synchronous=FULL"); !set) return set;
    if (const auto copied = CopyTable("clients"); !copied) return copied;
    return CopyTable("quarantine");
  }

  // As it is; a damaged page costs what stands on it.
  Result<void> CopyTable(const std::string& table) {
    Result<Statement> rows = source_->database().Prepare("SELECT * FROM " + table);
    if (!rows || source_->version() == 1) return {};
    if (table == "quarantine")
      if (const auto made = target_.Run(kQuarantineTable); !made) return made;
    std::string sql = "INSERT OR IGNORE INTO " + table + " VALUES(?";
    for (int i = 1; i < rows->columns(); ++i) sql += ",?";
    Result<Statement> insert = target_.Prepare(sql + ")");
    if (!insert) return insert.error();
    for (;;) {
      const Result<bool> row = rows->Step();
      if (!row || !*row) return {};
      for (int i = 0; i < rows->columns(); ++i) insert->BindColumn(i + 1, *rows, i);
      if (const auto done = insert->Run(); !done) return done;
    }
  }

  Result<void> TakeNext(bool& more) {
    Result<std::optional<WalkedRow>> walked = source_->Next(after_);
    if (!walked && walked.error() == StoreErrc::kCorrupt) return SkipDamage(more);
    if (!walked) return walked.error();
    more = walked->has_value();
    if (!more) return {};
    RowJudgement judgement = JudgeRow(**walked);
    if (judgement.data_problem.empty() && ToInt((*walked)->row.summary.first_id) <= after_)
      judgement.data_problem = "its ids are those of other records";
    const std::uint64_t last = std::max((*walked)->last_id(), ToInt(judgement.actual.last_id));
    const Result<void> put =
        judgement.data_problem.empty() ? Put(**walked, judgement) : SetAside(**walked, judgement);
    after_ = std::max(after_, last);
    return put;
  }

  Result<void> SkipDamage(bool& more) {
    result_.kept_everything = false;
    for (int probe = 0; probe < kLastProbe; ++probe) {
      const std::uint64_t after = after_ + (std::uint64_t{1} << probe);
      const auto walked = source_->Next(after, /*heavy=*/false);
      if (!walked) continue;
      more = walked->has_value();
      const std::uint64_t last = more ? ToInt((*walked)->row.summary.first_id) - 1 : after;
      Finding finding{.kind = FindingKind::kBatch,
                      .text = "what stood on damaged pages is gone; the file as it was is kept as *.damaged",
                      .first_id = RecordId{after_ + 1},
                      .last_id = RecordId{last}};
      result_.done.push_back(std::move(finding));
      after_ = last;
      return {};
    }
    more = false;
    return {};
  }

  Result<void> Put(const WalkedRow& walked, const RowJudgement& judgement) {
    LogRow row = walked.row;
    AddToFigures(figures_, judgement.actual, judgement.disorder);
    if (row.sound) figures_.disorder = std::max(figures_.disorder, row.file.disorder);
    row.summary = judgement.actual;
    row.file = figures_;
    std::uint64_t before = figures_.totals.records - judgement.actual.records;
    for (const IdRun& run : judgement.runs) {
      if (runs_.empty() || run.first != run_end_ + 1) runs_.push_back({run.first, before});
      run_end_ = run.first + run.count - 1;
      before += run.count;
    }
    if (!judgement.row_problem.empty()) Mended(judgement, FindingKind::kFigures, judgement.row_problem);
    if (!judgement.index_problem.empty()) Mended(judgement, FindingKind::kIndex, judgement.index_problem);
    return row.table == LogTable::kBlock ? PutBlock(row, walked, judgement) : PutTailRow(row, walked);
  }

  void Mended(const RowJudgement& judgement, FindingKind kind, const std::string& problem) {
    result_.done.push_back({.kind = kind,
                            .text = "repaired: " + problem,
                            .first_id = judgement.actual.first_id,
                            .last_id = judgement.actual.last_id,
                            .min_received = judgement.actual.min_received,
                            .max_received = judgement.actual.max_received});
  }

  Result<void> PutTailRow(const LogRow& row, const WalkedRow& walked) {
    Result<Statement> put = target_.Prepare(InsertSql(row.table));
    if (!put) return put.error();
    const int blob = BindLogRow(*put, row);
    return put->BindBlob(blob, *walked.data).Run();
  }

  Result<void> PutBlock(LogRow& row, const WalkedRow& walked, const RowJudgement& judgement) {
    row.ordinal = ++ordinal_;
    row.data_bytes = walked.data->size();
    row.words_bytes = 0;
    Result<Statement> data = target_.Prepare("INSERT INTO data VALUES(?1, ?2)");
    Result<Statement> words = target_.Prepare("INSERT INTO words VALUES(?1, ?2, ?3)");
    Result<Statement> put = target_.Prepare(InsertSql(LogTable::kBlock));
    if (!data || !words || !put) return StoreErrc::kCorrupt;
    if (const auto done = data->Bind(1, Signed(row.ordinal)).BindBlob(2, *walked.data).Run(); !done)
      return done;
    for (std::size_t i = 0; i < kWordChunks; ++i) {
      const std::string& chunk = judgement.again ? judgement.again->chunks[i] : *walked.words[i];
      const std::uint64_t id = row.ordinal * kWordChunks + i;
      row.words_bytes += chunk.size();
      words->Bind(1, Signed(id)).Bind(2, BlobChecksum(chunk, id)).BindBlob(3, chunk);
      if (const auto done = words->Run(); !done) return done;
    }
    const std::string& index = judgement.again ? judgement.again->index : *row.index;
    row.index_checksum = BlobChecksum(index, ToInt(row.summary.first_id));
    const int blob = BindLogRow(*put, row);
    return put->BindBlob(blob, index).Run();
  }

  Result<void> SetAside(const WalkedRow& walked, const RowJudgement& judgement) {
    if (const auto made = target_.Run(kQuarantineTable); !made) return made;
    const LogRow& row = walked.row;
    Finding finding{.kind = FindingKind::kBatch, .text = "set aside: " + judgement.data_problem};
    finding.first_id = finding.last_id = row.summary.first_id;
    if (row.sound) {
      finding.last_id = row.summary.last_id;
      finding.min_received = row.summary.min_received;
      finding.max_received = row.summary.max_received;
      finding.lost_records = row.summary.records;
      result_.lost.push_back({row.summary.first_id, row.summary.last_id, row.summary.records});
    }
    if (!walked.data) result_.kept_everything = false;
    Result<Statement> put = target_.Prepare("INSERT INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (!put) return put.error();
    put->Bind(1, Signed(ToInt(finding.first_id))).Bind(2, Signed(ToInt(finding.last_id)));
    put->Bind(3, Signed(finding.lost_records)).Bind(4, finding.min_received).Bind(5, finding.max_received);
    put->Bind(6, judgement.data_problem);
    if (walked.data) {
      put->BindBlob(7, *walked.data);
    } else {
      put->BindNull(7);
    }
    result_.done.push_back(std::move(finding));
    return put->Run();
  }

  Result<void> PutRuns() {
    Result<Statement> put = target_.Prepare("INSERT INTO runs VALUES(?1, ?2, ?3)");
    if (!put) return put.error();
    for (const FileWalker::Run& run : runs_) {
      const std::int64_t first = Signed(run.first_id), before = Signed(run.records_before);
      if (const auto done = put->Bind(1, first).Bind(2, before).Bind(3, RunChecksum(first, before)).Run();
          !done)
        return done;
    }
    return {};
  }

  std::uint64_t after_;
  RewriteResult& result_;
  std::unique_ptr<FileWalker> source_;
  Database target_;
  FileFigures figures_;
  std::uint64_t ordinal_ = 0;
  std::vector<FileWalker::Run> runs_;
  std::uint64_t run_end_ = 0;
};

}  // namespace

Result<void> RewriteLog(const std::string& source, const std::string& target, std::uint64_t after,
                        RewriteResult& result) {
  return Rewriter(after, result).Run(source, target);
}

}  // namespace cistern
