#include "storage/care/log_rewrite.h"

#include <algorithm>

#include "storage/care/log_check.h"
#include "storage/care/row_judge.h"
#include "storage/sqlite/file_walker.h"
#include "storage/sqlite/row_writer.h"

namespace cistern {
namespace {

constexpr int kRowsACommit = 16;
constexpr int kLastProbe = 48;
std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

class Rewriter {
 public:
  Rewriter(std::uint64_t after, RewriteResult& result) : after_(after), result_(result) {}

  Result<void> Run(const std::string& source, const std::string& target) {
    if (const auto opened = Open(source, target); !opened) return opened;
    for (bool more = true; more;) {
      Transaction transaction(target_->database());
      if (const auto begun = transaction.Begin(); !begun) return begun;
      for (int i = 0; i < kRowsACommit && more; ++i)
        if (const auto done = TakeNext(more); !done) return done;
      if (!more)
        if (const auto put = PutRuns(); !put) return put;
      if (const auto done = transaction.Commit(); !done) return done;
      if (const auto done = target_->CheckpointIfDue(); !done) return done;
    }
    result_.totals = figures_.totals;
    return target_->Finish();
  }

 private:
  Result<void> Open(const std::string& source, const std::string& target) {
    Result<std::unique_ptr<FileWalker>> walker = FileWalker::Open(source);
    if (!walker) return walker.error();
    source_ = std::move(*walker);
    Result<std::unique_ptr<RowWriter>> writer = RowWriter::Create(target);
    if (!writer) return writer.error();
    target_ = std::move(*writer);
    return target_->CopyTables(*source_);
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
    if (row.table == LogTable::kBlock) return PutBlock(row, walked, judgement);
    return target_->PutTailRow(row, *walked.data);
  }

  void Mended(const RowJudgement& judgement, FindingKind kind, const std::string& problem) {
    result_.done.push_back({.kind = kind,
                            .text = "repaired: " + problem,
                            .first_id = judgement.actual.first_id,
                            .last_id = judgement.actual.last_id,
                            .min_received = judgement.actual.min_received,
                            .max_received = judgement.actual.max_received});
  }

  Result<void> PutBlock(LogRow& row, const WalkedRow& walked, const RowJudgement& judgement) {
    row.ordinal = ++ordinal_;
    RowWriter::Chunks words;
    for (std::size_t i = 0; i < kWordChunks; ++i)
      words[i] = judgement.again ? judgement.again->chunks[i] : *walked.words[i];
    return target_->PutBlock(row, *walked.data, judgement.again ? judgement.again->index : *row.index, words);
  }

  Result<void> SetAside(const WalkedRow& walked, const RowJudgement& judgement) {
    if (const auto made = target_->MakeQuarantine(); !made) return made;
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
    Result<Statement> put =
        target_->database().Prepare("INSERT INTO quarantine VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
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

  // Where retention took records out, what the file says of the ids there were before stays.
  Result<void> PutRuns() {
    const auto stated = source_->Runs();
    result_.thinned = stated && IsThinned(*stated);
    return target_->PutRuns(result_.thinned ? *stated : runs_);
  }

  std::uint64_t after_;
  RewriteResult& result_;
  std::unique_ptr<FileWalker> source_;
  std::unique_ptr<RowWriter> target_;
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
