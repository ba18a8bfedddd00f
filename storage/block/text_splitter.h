// Finds the slots of a text: every word with a digit, digit words joined by a single one of `.:-/@` together,
// and values behind `=`. A slot begins and ends where a word does, so between two slots there is at least one
// octet that is no word byte.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/text_classes.h"

namespace cistern {

// Beyond this many, the last slot takes all that is left.
inline constexpr std::size_t kMaxSlots = 64;

// Octets [begin, end) of a text.
struct SlotRange {
  std::uint16_t begin = 0, end = 0;
};

class TextSplitter {
 public:
  TextSplitter();
  ~TextSplitter();

  // `text` is at most kMaxSplitOctets long. The results are valid until the next call.
  void Split(std::string_view text);
  std::span<const SlotRange> slots() const { return {slots_.data(), count_}; }
  // The pieces between the slots, with a `0` for each slot: texts are of one form when this is equal, as no
  // piece holds a digit.
  std::string_view form() const { return {form_.data(), form_size_}; }

 private:
  void FindSlots(std::size_t size);
  std::size_t SlotEnd(std::size_t end, std::size_t size) const;
  std::size_t SlotBegin(std::size_t begin, std::size_t floor) const;
  bool ValueAt(std::size_t at, std::size_t size, SlotRange& slot) const;
  bool IsHexGroup(std::size_t begin, std::size_t end) const;
  void MakeForm(std::size_t size);

  std::vector<char> text_, form_;  // both with room to read and write beyond the end
  std::size_t form_size_ = 0;
  std::array<SlotRange, kMaxSlots> slots_;
  std::size_t count_ = 0;
  TextClasses classes_;
};

}  // namespace cistern
