// Finds the slots of a text: every word with a digit, and every word of a value behind `=`; those joined by a
// single one of `.:-/@` together. A slot begins and ends where a word does, so between two slots there is at
// least one octet that is no word byte.
//
// Groups of two or four hex letters between colons or hyphens count as digits where they are joined to some:
// or hardware addresses and UUIDs would fall apart wherever a group happens to have no digit.
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstdint>
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

  // `text` is at most kMaxSplitOctets long. The results are valid until the next call.
  void Split(std::string_view text);
  std::span<const SlotRange> slots() const { return {slots_.data(), count_}; }
  // The pieces between the slots, with a `0` for each slot: texts are of one form when this is equal, as no
  // piece holds a digit.
  std::string_view form() const { return {form_.data(), form_size_}; }

 private:
  void FindWords(std::size_t size);
  std::uint64_t HexGroups(std::size_t i, std::uint64_t starts) const;
  void AddQuotedValues(std::size_t i, std::uint64_t openings);
  void JoinWords(std::size_t size);
  void FindSlots(std::size_t size);
  void MakeForm(std::size_t size);

  std::vector<char> text_, form_;  // both with room to read and write beyond the end
  std::size_t form_size_ = 0;
  std::array<SlotRange, kMaxSlots> slots_;
  std::size_t count_ = 0;
  TextClasses classes_;
  PositionSet quoted_;            // word bytes of values in quotes
  PositionSet sure_;              // octets whose words must be in slots
  PositionSet ends_, sure_ends_;  // behind the words that may be in slots, and those that must
  PositionSet joined_;            // words, and the joiners inside slots
};

}  // namespace cistern
