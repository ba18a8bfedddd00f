#include "storage/block/text_splitter.h"

#include <cstring>

namespace cistern {
namespace {

constexpr std::size_t kSlack = 64;

// Where runs of `set` end that hold a bit of `seeds`: behind their last bit. Adding a seed to a run carries
// out of it. `carry` goes from word to word.
inline std::uint64_t EndsOfSeeded(std::uint64_t set, std::uint64_t seeds, std::uint64_t& carry) {
  const std::uint64_t sum = set + seeds, with_carry = sum + carry;
  carry = (sum < set) | (with_carry < sum);
  return with_carry & ~set;
}

// The bits of runs of `set` from the first seed on.
inline std::uint64_t FillUp(std::uint64_t set, std::uint64_t seeds, std::uint64_t& carry) {
  const std::uint64_t sum = set + seeds, with_carry = sum + carry;
  const std::uint64_t filled = (set & ~with_carry) | seeds;
  carry = (sum < set) | (with_carry < sum);
  return filled & set;
}

}  // namespace

TextSplitter::TextSplitter() : text_(kMaxSplitOctets + kSlack), form_(kMaxSplitOctets + kMaxSlots + kSlack) {}

void TextSplitter::Split(std::string_view text) {
  if (!text.empty()) std::memcpy(text_.data(), text.data(), text.size());
  Classify(text_.data(), text.size(), classes_);
  FindWords(text.size());
  JoinWords(text.size());
  FindSlots(text.size());
  MakeForm(text.size());
}

// One pass over the bitmaps: which words have digits, stand in values, or may be groups of hex letters.
void TextSplitter::FindWords(std::size_t size) {
  const std::size_t words = size / 64 + 1;
  for (std::size_t i = 0; i < words; ++i) quoted_[i] = 0;
  std::uint64_t after_equals = 0, after_word = 0;  // the last bit of the word before
  std::uint64_t value_carry = 0, sure_carry = 0, any_carry = 0;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t word = classes_.word[i], in_value = word | classes_.joiner[i];
    const std::uint64_t behind_equals = classes_.equals[i] << 1 | after_equals;
    if ((behind_equals & classes_.quote[i]) != 0) AddQuotedValues(i, behind_equals & classes_.quote[i]);
    const std::uint64_t value = FillUp(in_value, behind_equals & in_value, value_carry);
    const std::uint64_t sure = classes_.digit[i] | (value & word) | quoted_[i];
    sure_[i] = sure;
    sure_ends_[i] = EndsOfSeeded(word, sure, sure_carry);
    ends_[i] = EndsOfSeeded(word, sure | HexGroups(i, word & ~(word << 1 | after_word)), any_carry);
    after_equals = classes_.equals[i] >> 63;
    after_word = word >> 63;
  }
}

// Those of `starts` where a word of two or four hex letters starts.
std::uint64_t TextSplitter::HexGroups(std::size_t i, std::uint64_t starts) const {
  const PositionSet &hex = classes_.hex_letter, &word = classes_.word;
  const std::uint64_t two = starts & hex[i] & hex.Ahead(i, 1);
  if (two == 0) return 0;
  return two & (~word.Ahead(i, 2) | (hex.Ahead(i, 2) & hex.Ahead(i, 3) & ~word.Ahead(i, 4)));
}

// Of values that stand in quotes as a whole, or behind `<`.
void TextSplitter::AddQuotedValues(std::size_t i, std::uint64_t openings) {
  for (; openings != 0; openings &= openings - 1) {
    const std::size_t opening = i * 64 + static_cast<std::size_t>(std::countr_zero(openings));
    std::size_t end = opening + 1;
    while (classes_.word.Has(end) || classes_.joiner.Has(end)) ++end;
    if (text_[opening] == '"' && !(classes_.quote.Has(end) && text_[end] == '"')) continue;
    for (std::size_t at = opening + 1; at < end; ++at)
      if (classes_.word.Has(at)) quoted_.Add(at);
  }
}

// Makes joiners between words of one slot part of them.
void TextSplitter::JoinWords(std::size_t size) {
  const PositionSet& word = classes_.word;
  for (std::size_t i = 0; i < size / 64 + 1; ++i) {
    joined_[i] = word[i];
    for (std::uint64_t bits = classes_.joiner[i] & ends_[i] & word.Ahead(i, 1); bits != 0; bits &= bits - 1) {
      const std::size_t at = i * 64 + static_cast<std::size_t>(std::countr_zero(bits));
      const std::size_t end = word.NextOut(at + 1);
      const int hyphen = int{text_[at] == ':'} | int{text_[at] == '-'};
      const int joins = (int{sure_ends_.Has(at)} & int{sure_ends_.Has(end)}) | (hyphen & int{ends_.Has(end)});
      joined_[i] |= joins != 0 ? bits & (~bits + 1) : 0;
    }
  }
}

// Hardly a branch here or before depends on the text: a wrong guess costs more than all of a slot's work.
void TextSplitter::FindSlots(std::size_t size) {
  count_ = 0;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < size / 64 + 1; ++i) {
    for (std::uint64_t ends = EndsOfSeeded(joined_[i], sure_[i], carry); ends != 0; ends &= ends - 1) {
      const std::size_t end = i * 64 + static_cast<std::size_t>(std::countr_zero(ends));
      if (count_ == kMaxSlots) {
        slots_[kMaxSlots - 1].end = static_cast<std::uint16_t>(size);
        return;
      }
      slots_[count_++] = {static_cast<std::uint16_t>(joined_.RunStart(end)), static_cast<std::uint16_t>(end)};
    }
  }
}

// Copies pieces 32 octets at a time, as both buffers have room behind their ends.
void TextSplitter::MakeForm(std::size_t size) {
  char* to = form_.data();
  std::size_t at = 0;
  const auto copy = [&](std::size_t end) {
    for (std::size_t i = at; i < end; i += 32) std::memcpy(to + (i - at), text_.data() + i, 32);
    to += end - at;
  };
  for (const SlotRange& slot : slots()) {
    copy(slot.begin);
    *to++ = '0';
    at = slot.end;
  }
  copy(size);
  form_size_ = static_cast<std::size_t>(to - form_.data());
}

}  // namespace cistern
