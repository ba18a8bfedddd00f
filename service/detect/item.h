// What a detection keeps of a record until its turn has come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cistern::detect {

inline constexpr std::int64_t kNever = INT64_MAX;

// What fields and patterns found, by slot (plan.h).
using Values = std::vector<std::string>;

inline std::size_t BytesOf(const Values& values) {
  std::size_t bytes = values.size() * sizeof(std::string);
  for (const std::string& value : values) bytes += value.size();
  return bytes;
}

// The end of the interval in which `time` is; they begin at multiples of `length`.
inline std::int64_t AlignedEnd(std::int64_t time, std::int64_t length) {
  return time - (time % length + length) % length + length;
}

struct Item {
  std::int64_t time = 0;  // as of when it counts, ns
  std::uint64_t id = 0;
  std::int64_t stated = 0;   // message time, kNoTime: none
  std::uint32_t weight = 1;  // for how many records it stands
  std::uint32_t marks = 0;   // bit i: matches the i-th filter inside the rule
  std::uint64_t octets = 0;  // of the message, where Plan::counts_octets
  std::string key;
  Values values;
  bool early = false;  // to be processed whatever the clock says

  std::size_t bytes() const { return sizeof(Item) + key.size() + BytesOf(values); }
  bool marked(std::size_t i) const { return (marks >> i & 1u) != 0; }
};

}  // namespace cistern::detect
