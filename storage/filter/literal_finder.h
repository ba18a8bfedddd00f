// Finds a literal in text without regard to ASCII case.
//
// Looks sixteen positions at a time for the literal's two rarest bytes and compares only where both stand.
// Immutable, hence shared by threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern {

class LiteralFinder {
 public:
  // At least one byte.
  explicit LiteralFinder(std::string_view literal);
  // The first occurrence at or behind `from`; npos when there is none.
  std::size_t Find(std::string_view text, std::size_t from) const;
  std::size_t size() const { return folded_.size(); }

 private:
  struct Probe {
    std::size_t offset = 0;  // in the literal
    std::uint8_t mask = 0;   // 0x20 for letters: sets the bit that makes them lower case
    std::uint8_t want = 0;
  };
  Probe ProbeAt(std::size_t offset) const;

  std::string folded_;
  Probe first_, second_;
};

}  // namespace cistern
