// The last commits as they were handed over, for followers that take every record: they need not be decoded
// from what was encoded a moment ago. Nothing is kept unless somebody asked lately. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "ingest/message/record_batch.h"

namespace cistern {

// One commit. Its ids are one unbroken range.
struct ReceivedCommit {
  std::shared_ptr<const void> owner;  // of the batches: nobody changes them while it is held
  std::vector<const RecordBatch*> batches;
  RecordId first_id{}, last_id{};
  std::uint64_t bytes = 0;  // of memory, about
};

class RecentCommits {
 public:
  using Commit = std::shared_ptr<const ReceivedCommit>;

  // Keeps at most this many octets, and the newest commit in any case.
  explicit RecentCommits(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // In id order. Returns what is not kept (any more), so that the caller can free it where nobody waits.
  std::vector<Commit> Add(Commit commit);
  // The one that holds `id`; null when it is not here. Asking is what makes Add() keep the next ones.
  Commit Holding(std::uint64_t id);
  std::vector<Commit> DropThrough(std::uint64_t last_id);
  // Each second or so: lets go of everything when nobody asked since the last call.
  std::vector<Commit> DropUnasked();

 private:
  const std::uint64_t max_bytes_;
  std::deque<Commit> commits_;
  std::uint64_t bytes_ = 0;
  bool wanted_ = false;
  bool asked_ = false;  // since DropUnasked()
};

}  // namespace cistern
