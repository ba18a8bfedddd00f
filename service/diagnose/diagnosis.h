// What is wrong, or will be soon, with the daemon and the machine it runs on, in words.
//
// Everything is read when asked for: files' modes, clock, limits. Nothing holds a secret. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/net/listener_options.h"
#include "ingest/net/net_server.h"
#include "service/forward/targets.h"
#include "service/metrics/ledger.h"
#include "service/metrics/process.h"
#include "service/pipeline/sender_table.h"
#include "storage/store.h"

namespace cistern {

struct Diagnosis {
  enum class Level : std::uint8_t { kOk, kNote, kWarning, kWrong };
  Level level = Level::kOk;
  std::string about;   // what was looked at: `clock`, `listener tcp`
  std::string text;    // what was seen
  std::string advice;  // what to do; empty: nothing
};

class Diagnoses {
 public:
  void Ok(std::string about, std::string text) { Add(Diagnosis::Level::kOk, about, text, {}); }
  void Note(std::string about, std::string text, std::string advice = {}) {
    Add(Diagnosis::Level::kNote, about, text, std::move(advice));
  }
  void Warning(std::string about, std::string text, std::string advice) {
    Add(Diagnosis::Level::kWarning, about, text, std::move(advice));
  }
  void Wrong(std::string about, std::string text, std::string advice) {
    Add(Diagnosis::Level::kWrong, about, text, std::move(advice));
  }
  std::vector<Diagnosis> Take() { return std::move(all_); }

 private:
  void Add(Diagnosis::Level level, std::string& about, std::string& text, std::string advice) {
    all_.push_back({level, std::move(about), std::move(text), std::move(advice)});
  }
  std::vector<Diagnosis> all_;
};

// Receive buffers that the kernel clipped, datagrams it dropped, senders that were shut out.
void DiagnoseListeners(const std::vector<ListenerOptions>& wanted, const std::vector<ListenerStatus>& status,
                       Diagnoses& out);
// When certificates end; who can read keys. `now`: ns.
void DiagnoseCertificates(const std::vector<ListenerOptions>& wanted,
                          const std::vector<ListenerStatus>& status, std::int64_t now, Diagnoses& out);
// `reserve`: percent of the file system that is left free; `max_bytes`: 0 is no limit.
void DiagnoseStore(const StoreStats& stats, double reserve, std::uint64_t max_bytes, Diagnoses& out);
// Who can read the store's folder.
void DiagnoseFolder(const std::string& dir, Diagnoses& out);
void DiagnoseProcess(const ProcessStats& process, Diagnoses& out);
// Whether somebody keeps the machine's clock right; senders whose clocks are off.
void DiagnoseClock(Diagnoses& out);
void DiagnoseSenders(const std::vector<SenderInfo>& senders, Diagnoses& out);
void DiagnoseLoss(const LedgerSnapshot& books, Diagnoses& out);
void DiagnoseTargets(const std::vector<TargetView>& targets, std::int64_t now, Diagnoses& out);

}  // namespace cistern
