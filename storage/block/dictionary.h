// Numbers distinct strings in the order they come, while a batch is encoded.
//
// Senders choose the strings, so the hash is seeded per object and equality is always checked octet by octet.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cistern {

class Dictionary {
 public:
  Dictionary();

  // Forgets all values, keeps memory.
  void Clear();
  // The number of `value`, a new one when it was not seen. `value` must stay valid until Clear().
  std::uint32_t Add(std::string_view value) {
    if (value.data() == last_.data() && value.size() == last_.size() && !values_.empty()) return last_code_;
    return Find(value);
  }
  std::span<const std::string_view> values() const { return values_; }

 private:
  struct Slot {
    std::uint32_t generation = 0;  // in use when equal to generation_
    std::uint32_t code = 0;
    std::uint64_t hash = 0;
  };
  std::uint32_t Find(std::string_view value);
  void Grow();

  const std::uint64_t seed_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::string_view> values_;
  std::string_view last_;
  std::uint32_t last_code_ = 0;
  std::uint32_t generation_ = 1;
};

}  // namespace cistern
