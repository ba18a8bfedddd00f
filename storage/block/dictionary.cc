#include "storage/block/dictionary.h"

#include <bit>
#include <cstring>
#include <utility>

#include "storage/block/random_seed.h"
#include "storage/block/short_copy.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern {
namespace {

constexpr std::size_t kInitialSlots = 256;

// XXH3 for texts beyond sixteen octets; below, the same idea without a call.
std::uint64_t Hash(std::string_view text, std::uint64_t seed) {
  const std::size_t size = text.size();
  std::uint64_t first = 0, last = 0;
  if (size > 16) return XXH3_64bits_withSeed(text.data(), size, seed);
  if (size >= 8) {
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(&first, text.data(), 4);
    std::memcpy(&last, text.data() + size - 4, 4);
  } else if (size != 0) {
    first = static_cast<unsigned char>(text[0]) | static_cast<unsigned char>(text[size / 2]) << 8;
    last = static_cast<unsigned char>(text[size - 1]);
  }
  const auto product = static_cast<unsigned __int128>(first ^ seed ^ 0x9e3779b97f4a7c15u) *
                       ((last + size * 0xff51afd7ed558ccdu) ^ std::rotl(seed, 32));
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

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
  const std::uint64_t hash = Hash(value, seed_);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  last_ = value;
  for (; slots_[at].generation == generation_; at = (at + 1) & mask) {
    if (slots_[at].hash != hash || !EqualShort(values_[slots_[at].code], value)) continue;
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
