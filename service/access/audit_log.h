// Who changed what, and who was refused: objects of the store's catalog, where nothing that is received can
// get.
//
// Threads: any. Add() never waits: a thread of its own writes. The newest kMostEntries are kept. Refusals are
// written at most kRefusalsPerMinute times a minute; the rest are counted and told in one entry, so that a
// stranger can fill neither the disk nor the log. Changes are never left out, except that kMostWaiting
// entries wait at most; those beyond are counted likewise.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

struct AuditRecord {
  std::uint64_t number = 0;  // grows by one; 0: not written yet
  std::int64_t time = 0;     // ns since the Unix epoch; 0: Add() sets it
  std::string caller, peer, method, object, result, message;
};

class AuditLog {
 public:
  static constexpr std::uint64_t kMostEntries = 10'000;
  static constexpr int kRefusalsPerMinute = 60;
  static constexpr std::size_t kMostWaiting = 1024;

  // `store` outlives it.
  AuditLog(Store& store, WallClock clock);
  // Writes what waits.
  ~AuditLog();
  Result<void> Open();

  void Changed(AuditRecord record);
  void Refused(AuditRecord record);

  // Descending by number, those below `before` (0: from the newest), at most `limit`. Waits for the disk, and
  // for what was added.
  Result<std::vector<AuditRecord>> List(std::uint64_t before, std::size_t limit);

 private:
  void Run();
  void Enqueue(AuditRecord record);  // with mutex_ held
  void TellSuppressed();             // likewise
  Result<void> Write(const std::deque<AuditRecord>& records);

  Store& store_;
  const WallClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_, written_;
  // Guarded by mutex_.
  std::deque<AuditRecord> waiting_;
  bool writing_ = false, stopping_ = false;
  std::int64_t minute_ = 0;
  int refusals_ = 0;
  std::uint64_t suppressed_ = 0;
  std::uint64_t last_ = 0;  // number of the newest entry
  std::thread thread_;
};

}  // namespace cistern
