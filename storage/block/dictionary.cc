#include "storage/block/dictionary.h"

#include <cstring>
#include <utility>

#include "storage/block/random_seed.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern {
namespace {

constexpr std::size_t kInitialSlots = 256;

}  // namespace

Dictionary::Dictionary() : seed_(RandomSeed()), slots_(kInitialSlots) {}

void Dictionary::Clear() {
  values_.clear();
  last_ = {};
  if (++generation_ != 0) return;
  slots_.assign(slots_.size(), Slot{});  // the counter wrapped: old marks could look current
  generation_ = 1;
}

std::uint32_t Dictionary::Find(std::string_view value) {
  const std::uint64_t hash = XXH3_64bits_withSeed(value.data(), value.size(), seed_);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  last_ = value;
  for (; slots_[at].generation == generation_; at = (at + 1) & mask) {
    if (slots_[at].hash != hash || values_[slots_[at].code] != value) continue;
    return last_code_ = slots_[at].code;
  }
  last_code_ = static_cast<std::uint32_t>(values_.size());
  slots_[at] = {generation_, last_code_, hash};
  values_.push_back(value);
  if (values_.size() * 2 > slots_.size()) Grow();
  return last_code_;
}

void Dictionary::Grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.generation != generation_) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].generation == generation_) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace cistern
