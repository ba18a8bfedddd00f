// What the store promised about every record, and whether it keeps it.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/store.h"

namespace cistern::crash {

class Ledger {
 public:
  // A commit that was acknowledged. `file`: the log file it went to.
  void Stored(const RecordBatch& batch, std::span<const ClientSequence> sequences, const std::string& file);
  // A commit that ended with an error and may have been written, whole or not at all.
  void Unknown(const RecordBatch& batch, std::span<const ClientSequence> sequences, const std::string& file);
  // Whatever is unknown is not there: the store was reopened after an error.
  void UnknownIsGone();
  // Retention deleted these.
  void Expired(const std::vector<Gap>& gone);
  // Retention was interrupted: any file but this one may be gone, the oldest first.
  void MayExpireAllBut(const std::string& file);
  void CursorMoved(const std::string& name, RecordId position, bool acknowledged);

  // Reads everything and compares; the first thing that is not as promised, or nothing. What was unknown is
  // known after it.
  std::string Verify(Store& store);
  // Whether new ids are beyond all that anybody can have seen.
  bool IsNew(RecordId first) const { return ToInt(first) > highest_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  enum class State { kStored, kUnknown, kExpiring };
  struct Commit {
    State state = State::kStored;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> records;  // id, digest
    std::vector<ClientSequence> sequences;
    std::string file;
  };
  struct Cursor {
    RecordId sure{}, tried{};
  };
  using Records = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  static Commit Make(const RecordBatch& batch, std::span<const ClientSequence> sequences,
                     const std::string& file);
  std::string Compare(const Records& found);
  std::string Settle(const std::vector<bool>& there);
  std::string VerifyClients(Store& store);
  std::string VerifyCursors(Store& store);

  std::vector<Commit> commits_;  // by id
  std::map<std::string, std::uint64_t> sequences_;
  std::map<std::string, Cursor> cursors_;
  std::uint64_t highest_ = 0, acknowledged_ = 0;
};

// Of all that is stored of a record but its id.
std::uint64_t DigestOf(const Record& record);

}  // namespace cistern::crash
