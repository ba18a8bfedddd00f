// Copies and compares texts of a few octets without a call.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace cistern {

// Copies `text` to `to` and returns the end. Never reads or writes beyond it.
inline char* CopyShort(std::string_view text, char* to) {
  const std::size_t size = text.size();
  const char* const from = text.data();
  const auto ends = [&]<class Word>(Word first, Word last) {  // two words that overlap
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  if (size > 16) {
    std::memcpy(to, from, size);
  } else if (size >= 8) {
    ends(std::uint64_t{}, std::uint64_t{});
  } else if (size >= 4) {
    ends(std::uint32_t{}, std::uint32_t{});
  } else if (size != 0) {
    to[0] = from[0];
    to[size / 2] = from[size / 2];
    to[size - 1] = from[size - 1];
  }
  return to + size;
}

inline bool EqualShort(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const auto ends = [&]<class Word>(Word a_word, Word b_word) {
    std::memcpy(&a_word, a.data(), sizeof a_word);
    std::memcpy(&b_word, b.data(), sizeof b_word);
    Word difference = a_word ^ b_word;
    std::memcpy(&a_word, a.data() + size - sizeof a_word, sizeof a_word);
    std::memcpy(&b_word, b.data() + size - sizeof b_word, sizeof b_word);
    return (difference | (a_word ^ b_word)) == 0;
  };
  if (size > 16) return std::memcmp(a.data(), b.data(), size) == 0;
  if (size >= 8) return ends(std::uint64_t{}, std::uint64_t{});
  if (size >= 4) return ends(std::uint32_t{}, std::uint32_t{});
  const auto same = [&](std::size_t at) { return int{a[at] == b[at]}; };
  return size == 0 || (same(0) & same(size / 2) & same(size - 1)) != 0;
}

}  // namespace cistern
