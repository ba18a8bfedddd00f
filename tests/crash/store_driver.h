// Works at random with a store and tells a witness what it asked and what it heard; with a ledger it also
// compares.
//
// Threads: one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"
#include "tests/crash/disk.h"
#include "tests/crash/ledger.h"

namespace cistern::crash {

struct DriverOptions {
  std::string dir;
  std::uint64_t seed = 0;
  Witness* witness = nullptr;
  Ledger* ledger = nullptr;  // null: compared elsewhere
  Disk* disk = nullptr;      // that `dir` lies on; null: a real one
  int life = 0;              // a later one begins with a later clock
  std::function<void(std::string_view)> at_point;
};

class StoreDriver {
 public:
  explicit StoreDriver(DriverOptions options);
  ~StoreDriver();

  // Opens the store and compares all of it with the ledger. A failure counts only when nothing was made to
  // fail.
  void Open();
  // One random call.
  void Step();
  // In order.
  void Close();
  // Checks the closed store as `cisternctl store check` does: nothing may be found.
  void Check();
  // What went wrong first, with what led to it; empty: nothing.
  std::string failure() const;
  bool is_open() const { return store_ != nullptr; }
  // After errors: until the store takes records again and all is as promised.
  void Recover();

 private:
  void Append();
  void AppendFailed(const Commit& commit, const boost::system::error_code& error);
  void AtPoint(std::string_view point);
  void Reopen();
  void ApplyRetention();
  void Idle();
  void TellThinning();
  bool IsLeft(const Gap& range);
  void MoveCursor();
  void BackUp();
  void MoveClock();
  void ReadSome();
  void Verify();
  void Fill(RecordBatch& batch);
  std::string NewestFile();
  void Note(const std::string& what);
  void Fail(const std::string& what);
  // Whether an error may come from a call that was made to fail since the store was last seen to be well.
  bool LeavesOut() const;
  bool Excused() const { return dead() || failures() != failures_before_; }
  bool dead() const { return own_.disk != nullptr && own_.disk->dead(); }
  std::uint64_t failures() const { return own_.disk == nullptr ? 0 : own_.disk->failures(); }

  const DriverOptions own_;
  Witness& witness_;
  std::mt19937_64 random_;
  StoreOptions options_;
  std::int64_t now_;
  std::unique_ptr<Store> store_;
  std::function<Commit()> trying_;  // what is being appended
  std::vector<std::string> notes_, warnings_;
  std::string failure_;
  std::string open_file_;  // that the store may go on with, and never deletes
  std::uint64_t serial_ = 0, failures_before_ = 0, failures_at_open_ = 0;
  std::atomic<int> thinning_{0};  // files that a worker looks at
  bool needs_reopen_ = false;
  bool may_import_ = false, busy_ = false;
  bool lingers_ = false;  // since the last good Reopen() a file was left as it is, with what failed
};

}  // namespace cistern::crash
