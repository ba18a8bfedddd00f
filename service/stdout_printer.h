// --stdout: prints every record as it is committed, one line each: `SEVERITY:PEER:RAW`, with control
// characters in RAW escaped so that one record stays one line.
//
// A cursor of its own: a reader of standard output that is slow or stopped delays nobody.
#pragma once

#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include "storage/store.h"

namespace cistern {

class StdoutPrinter {
 public:
  // Starts behind the newest stored record. `store` outlives the printer.
  explicit StdoutPrinter(Store& store);
  ~StdoutPrinter();
  // Prints what is committed so far, at most until `deadline`, and ends.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  void Run(RecordId after);
  bool Write(std::string_view text);
  bool GiveUp() const;

  Store& store_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> deadline_{INT64_MAX};  // steady clock ns
  std::thread thread_;
};

}  // namespace cistern
