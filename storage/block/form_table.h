// Numbers the distinct forms of a block's texts.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ingest/message/record_batch.h"
#include "storage/block/form_merger.h"

namespace cistern {

class FormTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  // More are not taken; what senders vary so much is no form.
  static constexpr std::size_t kMaxForms = 16384;

  explicit FormTable(std::uint64_t seed);
  void Clear();
  // Counts one row of `form` and returns its number; kNone when the table is full.
  std::uint32_t Count(std::string_view form);
  std::span<const CountedForm> forms() const { return forms_; }

 private:
  struct Slot {
    std::uint32_t number = kNone;
    std::uint32_t hash = 0;
  };
  void Grow();

  const std::uint64_t seed_;  // senders choose texts and could collide a known hash
  std::vector<Slot> slots_;   // a power of two, at most half full
  std::vector<CountedForm> forms_;
  Arena arena_;
};

}  // namespace cistern
