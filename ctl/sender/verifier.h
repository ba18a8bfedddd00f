// Compares the records of a load's run with what was sent.
//
// Threads: one. Memory: one bit a message sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::ctl {

struct Verification {
  std::uint64_t stored = 0;        // records of the run
  std::uint64_t missing = 0;       // sent, not stored whole
  std::uint64_t duplicates = 0;    // stored once more
  std::uint64_t out_of_order = 0;  // stored behind a later message of the same sender
  std::uint64_t damaged = 0;       // the checksum does not fit
  std::uint64_t unexpected = 0;    // a sender or sequence that was never used
  bool good() const { return missing + duplicates + out_of_order + damaged + unexpected == 0; }
};

class Verifier {
 public:
  // `attempted[s]`: the last sequence that sender `s` used. `sent`: the messages of all senders that the
  // kernel or the daemon took; the others are not missing.
  Verifier(std::string run, const std::vector<std::uint64_t>& attempted, std::uint64_t sent);

  // Takes the next record, in the order in which it was stored.
  void Add(std::string_view hostname, std::string_view app_name, std::string_view procid,
           std::string_view message);
  Verification Finish() const;

 private:
  struct Sender {
    std::uint64_t last = 0;  // largest sequence seen
    std::vector<bool> seen;
  };
  const std::string run_;
  const std::uint64_t sent_;
  std::vector<Sender> senders_;
  std::uint64_t whole_ = 0;  // different messages stored whole
  Verification result_;
};

}  // namespace cistern::ctl
