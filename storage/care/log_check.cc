#include "storage/care/log_check.h"

#include <algorithm>

namespace cistern {
namespace {

// Larger files are read row by row only: what SQLite says of all pages at once cannot be interrupted.
constexpr std::uint64_t kMaxPagesCheckBytes = std::uint64_t{256} << 20;
constexpr int kLastProbe = 48;
constexpr int kMaxBusy = 10;  // each took a second

std::string NameOf(const LogRow& row) { return row.table == LogTable::kBlock ? "block" : "row of the tail"; }

std::uint64_t BytesOf(const WalkedRow& walked) {
  std::uint64_t bytes = walked.data ? walked.data->size() : 0;
  if (walked.row.index) bytes += walked.row.index->size();
  for (const auto& chunk : walked.words) bytes += chunk ? chunk->size() : 0;
  return bytes;
}

Finding About(const BlockSummary& summary, FindingKind kind, std::string text) {
  Finding finding{.kind = kind, .text = std::move(text), .repairable = true};
  finding.first_id = summary.first_id;
  finding.last_id = summary.last_id;
  finding.min_received = summary.min_received;
  finding.max_received = summary.max_received;
  return finding;
}

}  // namespace

LogCheck::LogCheck(Options options, CheckProgress& progress, std::vector<Finding>& findings)
    : options_(std::move(options)), progress_(progress), after_(options_.after) {
  Result<std::unique_ptr<FileWalker>> walker = FileWalker::Open(options_.path);
  if (walker) {
    walker_ = std::move(*walker);
    return;
  }
  phase_ = Phase::kDone;
  complete_ = false;
  const bool gone = walker.error() == StoreErrc::kNotFound;
  if (gone && options_.may_vanish) return;  // retention took it meanwhile
  Add({.kind = FindingKind::kFile,
       .text = gone ? "is missing"
                    : "cannot be opened: " + walker.error().message() + "; its records cannot be read"},
      findings);
}

void LogCheck::Add(Finding finding, std::vector<Finding>& findings) {
  finding.file = options_.name;
  ++progress_.findings;
  progress_.lost_records += finding.lost_records;
  findings.push_back(std::move(finding));
}

bool LogCheck::Step(std::vector<Finding>& findings) {
  switch (phase_) {
    case Phase::kPages:
      phase_ = Phase::kRows;
      if (!options_.in_use && FileBytesWithWal(options_.path) <= kMaxPagesCheckBytes) CheckPages(findings);
      return true;
    case Phase::kRows:
      CheckNextRow(findings);
      return true;
    case Phase::kEnd:
      phase_ = Phase::kDone;
      if (!options_.in_use) CheckEnd(findings);
      return true;
    case Phase::kDone:
      return false;
  }
  return false;
}

void LogCheck::CheckPages(std::vector<Finding>& findings) {
  std::string problem;
  const auto checked = walker_->CheckPages(problem);
  if (!checked) problem = checked.error().message();
  if (problem.empty()) return;
  Add({.kind = FindingKind::kFile, .text = "its pages are damaged: " + problem, .repairable = true},
      findings);
}

void LogCheck::CheckNextRow(std::vector<Finding>& findings) {
  const auto walked = walker_->Next(after_);
  if (!walked) return CannotRead(walked.error(), findings);
  if (!*walked || ToInt((*walked)->row.summary.first_id) > options_.until) {
    phase_ = Phase::kEnd;
    return;
  }
  CheckRow(**walked, findings);
}

void LogCheck::CannotRead(const boost::system::error_code& error, std::vector<Finding>& findings) {
  if (error == StoreErrc::kCorrupt) return SkipDamage(findings);
  if (error == StoreErrc::kBusy && ++busy_ < kMaxBusy) return;
  complete_ = false;
  phase_ = Phase::kDone;
  Add({.kind = FindingKind::kFile, .text = "cannot be read further: " + error.message()}, findings);
}

// Goes on behind a page that cannot be read.
void LogCheck::SkipDamage(std::vector<Finding>& findings) {
  complete_ = false;
  Finding finding{.kind = FindingKind::kBatch, .text = "records cannot be read: pages are damaged"};
  finding.repairable = true;
  finding.first_id = RecordId{after_ + 1};
  for (int probe = 0; probe < kLastProbe; ++probe) {
    const std::uint64_t after = after_ + (std::uint64_t{1} << probe);
    const auto walked = walker_->Next(after, /*heavy=*/false);
    if (!walked) continue;
    if (*walked) {
      const LogRow& row = (*walked)->row;
      const std::uint64_t before = row.file.totals.records - row.summary.records;
      finding.last_id = RecordId{ToInt(row.summary.first_id) - 1};
      if (row.sound && before > stated_records_) finding.lost_records = before - stated_records_;
      stated_records_ += finding.lost_records;
      after_ = ToInt(finding.last_id);
    } else {
      finding.last_id = RecordId{after};
      phase_ = Phase::kEnd;
    }
    return Add(std::move(finding), findings);
  }
  finding.last_id = finding.first_id;
  phase_ = Phase::kEnd;
  Add(std::move(finding), findings);
}

void LogCheck::CheckRow(const WalkedRow& walked, std::vector<Finding>& findings) {
  const LogRow& row = walked.row;
  ++rows_;
  ++progress_.batches;
  progress_.bytes_done += BytesOf(walked);
  const RowJudgement judgement = JudgeRow(walked);
  if (!judgement.data_problem.empty()) {
    Lose(walked, judgement.data_problem, findings);
  } else if (!options_.in_use && ToInt(row.summary.first_id) <= after_) {
    Lose(walked, "its ids are those of other records", findings);
  } else {
    Count(walked, judgement, findings);
  }
  // As of the data, where the row cannot be believed.
  after_ = std::max({after_, walked.last_id(), ToInt(judgement.actual.last_id)});
}

void LogCheck::Lose(const WalkedRow& walked, const std::string& problem, std::vector<Finding>& findings) {
  const LogRow& row = walked.row;
  complete_ = false;
  Finding finding;
  if (row.sound) {
    finding = About(row.summary, FindingKind::kBatch, NameOf(row) + ": " + problem);
    finding.lost_records = row.summary.records;
    stated_records_ += row.summary.records;
  } else {
    finding = {.kind = FindingKind::kBatch, .text = NameOf(row) + ": " + problem, .repairable = true};
    finding.first_id = finding.last_id = row.summary.first_id;
  }
  Add(std::move(finding), findings);
}

void LogCheck::Count(const WalkedRow& walked, const RowJudgement& judgement, std::vector<Finding>& findings) {
  const LogRow& row = walked.row;
  if (!judgement.row_problem.empty())
    Add(About(judgement.actual, FindingKind::kFigures, NameOf(row) + ": " + judgement.row_problem), findings);
  if (!judgement.index_problem.empty())
    Add(About(judgement.actual, FindingKind::kIndex, NameOf(row) + ": " + judgement.index_problem), findings);
  std::uint64_t before = figures_.totals.records;
  for (const IdRun& run : judgement.runs) {
    if (runs_.empty() || run.first != run_end_ + 1) runs_.push_back({run.first, before});
    run_end_ = run.first + run.count - 1;
    before += run.count;
  }
  AddToFigures(figures_, judgement.actual, /*disorder=*/0);
  stated_records_ += judgement.actual.records;
  progress_.records += judgement.actual.records;
  if (options_.in_use || !row.sound) return;
  const BlockSummary &stated = row.file.totals, &counted = figures_.totals;
  const bool same =
      stated.records == stated_records_ && row.file.disorder >= figures_.disorder &&
      (!complete_ ||
       (stated.min_received == counted.min_received && stated.max_received == counted.max_received &&
        stated.min_time == counted.min_time && stated.max_time == counted.max_time));
  if (same) return;
  Add(About(judgement.actual, FindingKind::kFigures,
            NameOf(row) + ": the figures of the file up to it are wrong"),
      findings);
  stated_records_ = stated.records;
}

void LogCheck::CheckEnd(std::vector<Finding>& findings) {
  const auto rows = walker_->CountRows();
  if (rows && complete_ && *rows != rows_)
    Add({.kind = FindingKind::kFigures,
         .text = std::to_string(*rows - rows_) + " rows repeat ids of other rows",
         .repairable = true},
        findings);
  const auto orphans = walker_->CountOrphans();
  if (orphans && *orphans != 0)
    Add({.kind = FindingKind::kFigures,
         .text = std::to_string(*orphans) + " entries of data or words belong to no block",
         .repairable = true},
        findings);
  CheckRuns(findings);
}

// Whether every record that is left was there before retention took others.
bool LogCheck::LiesWithin(std::span<const FileWalker::Run> before) const {
  std::size_t at = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const std::uint64_t end = i + 1 < runs_.size() ? runs_[i + 1].records_before : figures_.totals.records;
    const std::uint64_t last = runs_[i].first_id + (end - runs_[i].records_before) - 1;
    while (at + 1 < before.size() && before[at + 1].first_id <= runs_[i].first_id) ++at;
    if (at + 1 >= before.size() || before[at + 1].records_before <= before[at].records_before) return false;
    const std::uint64_t count = before[at + 1].records_before - before[at].records_before;
    if (runs_[i].first_id < before[at].first_id || last - before[at].first_id >= count) return false;
  }
  return true;
}

void LogCheck::CheckRuns(std::vector<Finding>& findings) {
  if (!complete_) return;
  const auto runs = walker_->Runs();
  if (runs && *runs == runs_) return;
  if (runs && IsThinned(*runs) && LiesWithin(*runs)) return;
  Add({.kind = FindingKind::kFigures,
       .text = "what it says about gaps between ids is not so",
       .repairable = true},
      findings);
}

}  // namespace cistern
