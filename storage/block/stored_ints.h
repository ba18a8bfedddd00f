// A column of integers as it is stored, read value by value.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/header.h"

namespace cistern {

class StoredInts {
 public:
  // `payload` must outlive this. False when it is not what the codec says, so far as that shows at once.
  bool Open(Codec codec, std::string_view payload, std::size_t count);
  // False when the value cannot be read. `index` is below the count. With kDelta all values up to it, or to
  // the nearest that is known, are looked at. Not for kVarints.
  bool Get(std::size_t index, std::int64_t& value);
  // The values of all; where there is a dictionary, their codes. False when one is not below `bound`, or
  // may not be. Not for kDelta.
  template <class Code>
  bool Codes(std::uint64_t bound, std::vector<Code>& codes) const;
  // Empty: there is none.
  std::span<const std::int64_t> dictionary() const { return dictionary_; }

 private:
  struct Mark {
    std::size_t offset = 0;  // in laid_out_
    std::int64_t sum = 0;
  };
  bool OpenDictionary(bool packed, ByteReader& in);
  bool LoadRun(std::size_t run);
  bool Walk(std::size_t index, std::int64_t& value);

  Codec codec_{};
  std::size_t count_ = 0;
  std::int64_t base_ = 0;
  unsigned bits_ = 0;
  std::vector<std::int64_t> dictionary_;
  std::string_view laid_out_;
  // kDelta: what stands before some of the values; and the values behind one of these marks.
  std::vector<Mark> marks_;
  std::size_t run_ = SIZE_MAX;
  std::vector<std::int64_t> values_;
};

}  // namespace cistern
