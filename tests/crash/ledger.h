// What the store promised about every record, and whether it keeps it.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/store.h"

namespace cistern::crash {

// Id and digest of each.
using Records = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

inline constexpr const char* kUnknownFile = "?";

// A rule of retention that every driver with rules has: records with this word go once they are so old.
inline constexpr const char* kWordThatGoes = "opened";
inline constexpr std::int64_t kNever = INT64_MAX;

struct Commit {
  Records records;
  std::vector<std::int64_t> received;  // of each, ns; kNever: the rule is not about it
  std::vector<ClientSequence> sequences;
  std::string file;  // the log file it went to, or kUnknownFile
};
Commit CommitOf(const RecordBatch& batch, std::span<const ClientSequence> sequences, std::string file);

// Hears what was asked of the store and what it answered.
class Witness {
 public:
  virtual ~Witness() = default;
  // Was or will be tried: may be there, whole, or not at all. Repeated calls are one.
  virtual void Tried(const Commit& commit) = 0;
  virtual void Stored(const Commit& commit) = 0;
  // What was tried and not stored is not there: the store said so, or was reopened.
  virtual void TriedIsGone() = 0;
  // It lies in a file that could not be read when the store was reopened, and may be found by a later start.
  virtual void TriedLingers() = 0;
  // Retention may delete any file but this one; then: it has deleted these.
  virtual void Expiring(const std::string& but) = 0;
  virtual void Expired(const std::vector<Gap>& gone) = 0;
  // From now on records that the rule is about may be gone, if they were received before this time. Then: in
  // these ranges they are, for good.
  virtual void Thinning(std::int64_t before) = 0;
  virtual void Thinned(const std::vector<Gap>& ranges) = 0;
  virtual void CursorMoves(const std::string& name, RecordId position) = 0;
  virtual void CursorMoved(const std::string& name, RecordId position) = 0;
};

class Ledger final : public Witness {
 public:
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

  // Reads everything and compares; the first thing that is not as promised, or nothing. What was only tried
  // is known after it.
  std::string Verify(Store& store);
  // What the witness heard that is wrong by itself: an id was given twice.
  const std::string& fault() const { return fault_; }
  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  enum class State { kStored, kTried, kLingering, kExpiring };
  struct Entry {
    Commit commit;
    State state = State::kStored;
    // Of all records that it had when it was made.
    std::uint64_t first() const { return first_id; }
    std::uint64_t last() const { return last_id; }
    std::uint64_t first_id = commit.records.front().first, last_id = commit.records.back().first;
  };
  struct Cursor {
    RecordId sure{};
    std::set<RecordId> tried;  // since then
  };

  std::vector<Entry>::iterator Place(std::uint64_t first);
  bool WasGiven(const Commit& commit) const;
  std::string Compare(const Records& found);
  std::string CompareEntry(const Entry& entry, const Records& found, std::size_t& at, bool& there) const;
  bool IsSure(const Entry& entry) const;
  std::string Settle(const std::vector<bool>& there);
  std::string VerifyClients(Store& store);
  std::string VerifyCursors(Store& store);
  void TakeSequences(const Commit& commit);

  std::vector<Entry> entries_;  // by id
  std::map<std::string, std::uint64_t> sequences_;
  std::map<std::string, Cursor> cursors_;
  std::string fault_;
  std::map<std::uint64_t, std::uint64_t>
      given_;  // all ids that anybody can have seen: first and last of each commit
  std::uint64_t acknowledged_ = 0;
  std::int64_t thinned_before_ = INT64_MIN;
};

// Of all that is stored of a record but its id.
std::uint64_t DigestOf(const Record& record);

}  // namespace cistern::crash
