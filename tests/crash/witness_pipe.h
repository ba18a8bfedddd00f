// A witness in one process, the ledger in another: a pipe between them.
#pragma once

#include "tests/crash/ledger.h"

namespace cistern::crash {

// Writes what it hears to a pipe, so that nothing is forgotten when the process is killed.
class PipeWitness final : public Witness {
 public:
  explicit PipeWitness(int fd) : fd_(fd) {}
  void Tried(const Commit& commit) override;
  void Stored(const Commit& commit) override;
  void TriedIsGone() override;
  void TriedLingers() override;
  void Expiring(const std::string& but) override;
  void Expired(const std::vector<Gap>& gone) override;
  void Thinning(std::int64_t before) override;
  void Thinned(const std::vector<Gap>& ranges) override;
  void CursorMoves(const std::string& name, RecordId position) override;
  void CursorMoved(const std::string& name, RecordId position) override;
  // For the one who reads: any text without a line break.
  void Say(const std::string& text);

 private:
  void Write(const std::string& line);
  const int fd_;
};

// Reads until the writer is gone and passes everything on. Returns what it said.
std::vector<std::string> Listen(int fd, Witness& witness);

}  // namespace cistern::crash
