#include "service/forward/resend_window.h"

#include <algorithm>
#include <iterator>

namespace cistern {
namespace {

constexpr std::uint64_t kPieceBytes = 64 << 10;

}  // namespace

ResendWindow::ResendWindow(std::size_t members, std::uint64_t bytes, std::optional<RecordId> resume)
    : most_bytes_(bytes), members_(members) {
  if (resume) offered_ = ToInt(*resume);
}

bool ResendWindow::Holds(std::uint64_t id) const {
  const auto behind = ranges_.upper_bound(id);
  return behind != ranges_.begin() && std::prev(behind)->second.last >= id;
}

std::uint64_t ResendWindow::NextHeld(std::uint64_t id) const {
  const auto behind = ranges_.upper_bound(id);
  return behind == ranges_.end() ? kNone : behind->first;
}

void ResendWindow::Sent(std::size_t index, std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
  Member& member = members_[index];
  if (!Extend(member, first, last, bytes)) {
    ranges_[first] = {last};
    member.pieces.push_back({first, bytes});
  }
  member.bytes += bytes;
  last_ = std::max(last_, last);
  while (member.bytes > most_bytes_ && !member.pieces.empty()) DropFirst(member);
}

// Makes the newest piece of the member larger, where what follows it was just sent.
bool ResendWindow::Extend(Member& member, std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
  if (member.pieces.empty() || member.pieces.back().bytes + bytes > kPieceBytes) return false;
  const auto range = ranges_.find(member.pieces.back().first);
  if (range->second.last >= first || NextHeld(range->first) < first) return false;
  range->second.last = last;
  member.pieces.back().bytes += bytes;
  return true;
}

void ResendWindow::DropFirst(Member& member) {
  const Piece piece = member.pieces.front();
  member.pieces.pop_front();
  member.bytes -= piece.bytes;
  MarkArrived(piece.first);
}

void ResendWindow::MarkArrived(std::uint64_t first) {
  const auto range = ranges_.find(first);
  range->second.arrived = true;
  if (offered_) return;
  if (range == ranges_.begin()) return Tidy();
  if (const auto before = std::prev(range); before->second.arrived) {
    before->second.last = range->second.last;
    ranges_.erase(range);
  }
}

void ResendWindow::Tidy() {
  while (!ranges_.empty() && ranges_.begin()->second.arrived) ranges_.erase(ranges_.begin());
}

void ResendWindow::Passed(std::uint64_t id) {
  if (!offered_) return;
  offered_ = std::max(*offered_, id);
  if (*offered_ < last_) return;
  offered_.reset();
  Tidy();
}

void ResendWindow::Lost(std::size_t index) {
  Member& member = members_[index];
  if (member.pieces.empty()) return;
  const auto resume = ResumeBehind();
  for (const Piece& piece : member.pieces) ranges_.erase(piece.first);
  member = {};
  offered_ = ToInt(*resume);
}

void ResendWindow::Arrived(std::size_t index) {
  Member& member = members_[index];
  while (!member.pieces.empty()) DropFirst(member);
}

std::optional<RecordId> ResendWindow::ResumeBehind() const {
  std::uint64_t behind = offered_.value_or(kNone);
  if (!ranges_.empty()) behind = std::min(behind, ranges_.begin()->first - 1);
  return behind == kNone ? std::nullopt : std::optional(RecordId{behind});
}

}  // namespace cistern
