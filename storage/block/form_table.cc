#include "storage/block/form_table.h"

#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern {
namespace {

constexpr std::size_t kInitialSlots = 4096;

}  // namespace

FormTable::FormTable(std::uint64_t seed) : seed_(seed), slots_(kInitialSlots) {}

void FormTable::Clear() {
  if (!forms_.empty()) slots_.assign(kInitialSlots, Slot{});
  forms_.clear();
  arena_.Clear();
}

std::uint32_t FormTable::Count(std::string_view form) {
  const auto hash = static_cast<std::uint32_t>(XXH3_64bits_withSeed(form.data(), form.size(), seed_));
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].number != kNone; at = (at + 1) & mask) {
    if (slots_[at].hash != hash || forms_[slots_[at].number].form != form) continue;
    ++forms_[slots_[at].number].rows;
    return slots_[at].number;
  }
  if (forms_.size() == kMaxForms) return kNone;
  const auto number = static_cast<std::uint32_t>(forms_.size());
  slots_[at] = {number, hash};
  forms_.push_back({arena_.Copy(form), 1});
  if (forms_.size() * 2 > slots_.size()) Grow();
  return number;
}

void FormTable::Grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.number == kNone) continue;
    std::size_t at = slot.hash & mask;
    while (slots_[at].number != kNone) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

}  // namespace cistern
