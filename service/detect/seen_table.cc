#include "service/detect/seen_table.h"

#include <xxhash.h>

#include <cstring>
#include <utility>

namespace cistern::detect {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kStoredBytes = 24;

}  // namespace

SeenTable::SeenTable(std::size_t max_values) : max_values_(max_values), slots_(kFirstSlots, kNone) {}

bool SeenTable::Touch(std::string_view value, std::int64_t time) {
  const XXH128_hash_t hash = XXH3_128bits(value.data(), value.size());
  return Touch(Hash{hash.low64, hash.high64}, time);
}

bool SeenTable::Touch(const Hash& hash, std::int64_t time) {
  std::uint32_t entry = slots_[SlotOf(hash)];
  const bool known = entry != kNone;
  if (known) {
    Unlink(entry);
  } else {
    if (used_ == max_values_) EvictOldest();
    if ((used_ + 1) * 4 > slots_.size() * 3) Grow();
    if (free_.empty()) {
      entry = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back();
    } else {
      entry = free_.back();
      free_.pop_back();
    }
    entries_[entry].hash = hash;
    slots_[SlotOf(hash)] = entry;
    ++used_;
  }
  entries_[entry].seen = time;
  Append(entry);
  return known;
}

void SeenTable::ForgetUntil(std::int64_t time) {
  while (oldest_ != kNone && entries_[oldest_].seen <= time) Erase(oldest_);
}

bool SeenTable::EvictOldest() {
  if (oldest_ == kNone) return false;
  Erase(oldest_);
  ++evicted_;
  return true;
}

void SeenTable::SetBack(std::int64_t span) {
  for (std::uint32_t entry = oldest_; entry != kNone; entry = entries_[entry].newer)
    entries_[entry].seen -= span;
}

std::uint64_t SeenTable::TakeEvicted() { return std::exchange(evicted_, 0); }

// Where it is, or would be.
std::size_t SeenTable::SlotOf(const Hash& hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash.low & mask;
  while (slots_[slot] != kNone && entries_[slots_[slot]].hash != hash) slot = (slot + 1) & mask;
  return slot;
}

void SeenTable::Grow() {
  slots_.assign(slots_.size() * 2, kNone);
  for (std::uint32_t entry = oldest_; entry != kNone; entry = entries_[entry].newer)
    slots_[SlotOf(entries_[entry].hash)] = entry;
}

void SeenTable::Append(std::uint32_t entry) {
  entries_[entry].older = newest_;
  entries_[entry].newer = kNone;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = entry;
  newest_ = entry;
}

void SeenTable::Unlink(std::uint32_t entry) {
  const Entry& gone = entries_[entry];
  (gone.older == kNone ? oldest_ : entries_[gone.older].newer) = gone.newer;
  (gone.newer == kNone ? newest_ : entries_[gone.newer].older) = gone.older;
}

// Moves up what stands behind the free slot and could stand in it.
void SeenTable::Erase(std::uint32_t entry) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = SlotOf(entries_[entry].hash);
  for (std::size_t slot = (hole + 1) & mask; slots_[slot] != kNone; slot = (slot + 1) & mask) {
    const std::size_t home = entries_[slots_[slot]].hash.low & mask;
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = kNone;
  Unlink(entry);
  free_.push_back(entry);
  --used_;
}

std::string SeenTable::Save() const {
  std::string octets;
  octets.reserve(used_ * kStoredBytes);
  for (std::uint32_t entry = oldest_; entry != kNone; entry = entries_[entry].newer) {
    const Entry& one = entries_[entry];
    const std::uint64_t words[] = {one.hash.low, one.hash.high, static_cast<std::uint64_t>(one.seen)};
    octets.append(reinterpret_cast<const char*>(words), sizeof words);
  }
  return octets;
}

bool SeenTable::Load(std::string_view octets) {
  if (octets.size() % kStoredBytes != 0) return false;
  for (; !octets.empty(); octets.remove_prefix(kStoredBytes)) {
    std::uint64_t words[3];
    std::memcpy(words, octets.data(), sizeof words);
    Touch(Hash{words[0], words[1]}, static_cast<std::int64_t>(words[2]));
  }
  return true;
}

}  // namespace cistern::detect
