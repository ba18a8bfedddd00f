// Runs a store on a Disk with random work and holds every answer against a Ledger.
//
// Threads: one.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/crash/disk.h"
#include "tests/crash/ledger.h"

namespace cistern::crash {

class StoreDriver {
 public:
  // `dir` lies on `disk`.
  StoreDriver(Disk& disk, std::string dir, std::uint64_t seed);
  ~StoreDriver();

  // Opens the store and compares all of it with the ledger. A failure counts only when nothing was made to
  // fail.
  void Open();
  // One random call.
  void Step();
  // Closes in order, then ends the power.
  void Close();
  // What went wrong first, with what led to it; empty: nothing.
  std::string failure() const;
  bool is_open() const { return store_ != nullptr; }
  std::uint64_t acknowledged() const { return ledger_.acknowledged(); }
  // After errors: until the store takes records again and all is as promised.
  void Recover();

 private:
  void Append();
  void AppendFailed(const RecordBatch& batch, std::span<const ClientSequence> sequences,
                    const boost::system::error_code& error);
  void Reopen();
  void ApplyRetention();
  void MoveCursor();
  void MoveClock();
  void ReadSome();
  void Verify();
  void Fill(RecordBatch& batch);
  std::string NewestFile();
  void Note(const std::string& what);
  void Fail(const std::string& what);
  // Whether an error may come from a call that was made to fail since the store was last seen to be well.
  bool Excused() const { return disk_.dead() || disk_.failures() != failures_before_; }

  Disk& disk_;
  std::mt19937_64 random_;
  StoreOptions options_;
  std::int64_t now_;
  Ledger ledger_;
  std::unique_ptr<Store> store_;
  std::vector<std::string> notes_, warnings_;
  std::string failure_;
  std::uint64_t serial_ = 0, failures_before_ = 0;
  bool needs_reopen_ = false;
};

}  // namespace cistern::crash
