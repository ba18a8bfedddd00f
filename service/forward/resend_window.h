// What was sent last and may not have arrived, as ranges of record ids.
//
// A connection of a group ("member") holds at most `bytes` of the newest ranges that it was given; older ones
// count as arrived. When it breaks its ranges are lost: records are offered again from before the first of
// them, and those that lie in ranges of other members are passed over.
// Memory: one entry for about 64 KiB sent, or for what was sent at once; neighbours that arrived are one
// entry.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

class ResendWindow {
 public:
  // `resume`: where the window of an earlier one began.
  ResendWindow(std::size_t members, std::uint64_t bytes, std::optional<RecordId> resume);

  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  // Records with a larger id were never given to a member.
  std::uint64_t last() const { return last_; }
  // Whether a record need not be sent: it was, and that was not lost.
  bool Holds(std::uint64_t id) const;
  // The first id of the first range behind `id`; kNone: there is none.
  std::uint64_t NextHeld(std::uint64_t id) const;

  // Ids [first, last] hold no record of another range.
  void Sent(std::size_t member, std::uint64_t first, std::uint64_t last, std::uint64_t bytes);
  // Records up to this id need not be offered again unless they are lost.
  void Passed(std::uint64_t id);
  // The connection broke.
  void Lost(std::size_t member);
  // The connection ended in order.
  void Arrived(std::size_t member);

  // See Sink::ResumeBehind().
  std::optional<RecordId> ResumeBehind() const;

 private:
  struct Range {
    std::uint64_t last;
    bool arrived = false;
  };
  struct Piece {
    std::uint64_t first, bytes;
  };
  struct Member {
    std::deque<Piece> pieces;  // in the order of sending
    std::uint64_t bytes = 0;
  };
  bool Extend(Member& member, std::uint64_t first, std::uint64_t last, std::uint64_t bytes);
  void DropFirst(Member& member);
  void MarkArrived(std::uint64_t first);
  void Tidy();

  const std::uint64_t most_bytes_;
  std::vector<Member> members_;
  std::map<std::uint64_t, Range> ranges_;  // by first id
  std::uint64_t last_ = 0;
  // While records are offered again: how far they were. What is between ranges may be lost, then.
  std::optional<std::uint64_t> offered_;
};

}  // namespace cistern
