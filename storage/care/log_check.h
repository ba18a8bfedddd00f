// Checks one log file, a row at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/care/check.h"
#include "storage/care/row_judge.h"
#include "storage/sqlite/file_walker.h"

namespace cistern {

class LogCheck {
 public:
  struct Options {
    std::string path;
    std::string name;                  // for findings
    bool in_use = false;               // a writer adds to it and seals its rows meanwhile
    bool may_vanish = false;           // retention may delete it meanwhile
    std::uint64_t after = 0;           // ids of the files before end here
    std::uint64_t until = UINT64_MAX;  // rows that begin behind this id are left alone
  };
  // Counts into `progress`, which outlives it. A file that cannot be opened is a finding, and done.
  LogCheck(Options options, CheckProgress& progress, std::vector<Finding>& findings);

  // False when there is nothing left to do.
  bool Step(std::vector<Finding>& findings);

  // Of all rows that are sound so far.
  const BlockSummary& totals() const { return figures_.totals; }
  std::uint64_t last_id() const { return after_; }
  // Nothing was unreadable, so that totals() are those of the file.
  bool complete() const { return complete_; }

 private:
  enum class Phase { kPages, kRows, kEnd, kDone };

  void CheckPages(std::vector<Finding>& findings);
  void CheckNextRow(std::vector<Finding>& findings);
  void CannotRead(const boost::system::error_code& error, std::vector<Finding>& findings);
  void SkipDamage(std::vector<Finding>& findings);
  void CheckRow(const WalkedRow& walked, std::vector<Finding>& findings);
  void Count(const WalkedRow& walked, const RowJudgement& judgement, std::vector<Finding>& findings);
  void Lose(const WalkedRow& walked, const std::string& problem, std::vector<Finding>& findings);
  void CheckEnd(std::vector<Finding>& findings);
  bool LiesWithin(std::span<const FileWalker::Run> before) const;
  void CheckRuns(std::vector<Finding>& findings);
  void Add(Finding finding, std::vector<Finding>& findings);

  const Options options_;
  CheckProgress& progress_;
  std::unique_ptr<FileWalker> walker_;
  Phase phase_ = Phase::kPages;
  bool complete_ = true;
  int busy_ = 0;
  std::uint64_t after_, rows_ = 0;
  FileFigures figures_;
  // As the file's own figures count: with records that turned out to be lost.
  std::uint64_t stated_records_ = 0;
  std::vector<FileWalker::Run> runs_;
  std::uint64_t run_end_ = 0;
};

}  // namespace cistern
