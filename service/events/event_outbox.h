// Writes the records of events to the log, each exactly once.
//
// What is to be written are rows in the store's catalog, numbered without a gap. A batch of rows goes through
// the pipeline with the number of its last row as the sequence of a client; the log keeps that with the
// records, so that after a crash it tells which rows are done. One batch is on its way at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cistern/v1/stored.pb.h"
#include "storage/store.h"

namespace cistern {

class Pipeline;

// A row whose record is in the log.
struct WrittenRow {
  std::uint64_t number = 0;
  std::uint64_t event = 0;
  bool names_record = false;  // the event tells of this record
  RecordId record{};          // 0: not known
};

// The rows behind `after`, at most `limit`. Those that cannot be read are left out.
struct EventRow {
  std::uint64_t number = 0;
  v1::StoredEventRow row;
};
Result<std::vector<EventRow>> ReadEventRows(Store& store, std::uint64_t after, std::size_t limit);

// Looks for the records of rows that were written before a crash; a record that is not there any more has the
// id 0. Reads what was received since the first of them was made.
Result<std::vector<WrittenRow>> FindWritten(Store& store, const std::vector<EventRow>& rows);

class EventOutbox {
 public:
  struct Parts {
    Store& store;
    Pipeline& pipeline;
    WallClock clock;
    std::string hostname;
    // Removes the rows; tried again while it fails.
    std::function<Result<void>(std::span<const WrittenRow>)> settle;
  };
  // Rows up to `done` are written and removed; there are rows up to `last`.
  EventOutbox(Parts parts, std::uint64_t done, std::uint64_t last);
  ~EventOutbox();

  // There are rows up to `last` now.
  void Wake(std::uint64_t last);
  // Ends once all rows are written, at the latest at `deadline`.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  struct Delivery;
  void Run();
  bool WriteSome();
  std::shared_ptr<Delivery> Push(const std::vector<EventRow>& rows);
  bool Settle(const std::vector<EventRow>& rows, const std::vector<RecordId>& ids);
  // False: it is time to stop.
  bool Pause();
  bool stopping() const;

  const Parts parts_;
  std::uint64_t done_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::uint64_t last_;
  std::chrono::steady_clock::time_point stop_at_ = std::chrono::steady_clock::time_point::max();
  std::thread thread_;
};

}  // namespace cistern
