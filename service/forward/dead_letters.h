// The records a destination refused for good, by target. They are named by id; the records themselves stay
// where they are, in the store, for as long as retention keeps them.
//
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "service/forward/sink.h"
#include "storage/store.h"

namespace cistern {

struct DeadLetter {
  RecordId id{};
  std::string reason;
  std::int64_t first_time = 0, last_time = 0;  // ns since the Unix epoch
  std::uint32_t attempts = 0;
};

class DeadLetters {
 public:
  // `store` outlives this object. `most`: beyond it the oldest are discarded.
  DeadLetters(Store& store, const std::string& target, std::uint64_t most);

  // The kind of the objects in the store.
  static std::string KindOf(const std::string& target) { return "letter:" + target; }

  // Durable when it returns. A letter that is there gets the new reason and one more attempt.
  Result<void> Add(std::span<const Refusal> refusals, std::int64_t now);
  // Ascending by id, behind `after`.
  Result<std::vector<DeadLetter>> List(RecordId after, std::size_t limit);
  // Returns how many there were of them.
  Result<std::uint64_t> Remove(std::span<const RecordId> ids);
  Result<std::uint64_t> RemoveAll();

  std::uint64_t count() const { return count_.load(); }
  std::uint64_t discarded() const { return discarded_.load(); }

 private:
  Result<void> Trim();
  Result<void> Recount();

  Store& store_;
  const std::string kind_;
  const std::uint64_t most_;
  std::atomic<std::uint64_t> count_{0}, discarded_{0};
};

}  // namespace cistern
