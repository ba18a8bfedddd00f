// Columns of strings: Codec::kStrings and kDictionary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/bytes.h"
#include "storage/block/dictionary.h"
#include "storage/block/header.h"

namespace cistern {

// Collects a column that is written as it is: lengths apart from octets.
class PlainColumn {
 public:
  void Clear();
  void Add(std::string_view value) {
    lengths_.PutVarint(value.size());
    octets_.PutBytes(value);
  }
  bool empty() const { return octets_.empty(); }  // every value was
  Codec Encode(ByteBuffer& out) const;

 private:
  ByteBuffer lengths_, octets_;
};

// Collects a column whose values repeat. Added views must stay valid until Encode().
class DictionaryColumn {
 public:
  void Clear();
  void Add(std::string_view value) { codes_.push_back(dictionary_.Add(value)); }
  bool empty() const { return dictionary_.values().size() == 1 && dictionary_.values()[0].empty(); }
  std::span<const std::string_view> values() const { return dictionary_.values(); }
  std::span<const std::uint32_t> codes() const { return codes_; }  // one a row
  // Whether values repeat enough to be worth codes.
  bool repeats() const { return values().size() == 1 || values().size() * 2 <= codes_.size(); }
  // kDictionary, or kStrings where most values are different.
  Codec Encode(ByteBuffer& out) { return Encode(codes_, out); }
  // The same with the rows in another order: `codes` is a permutation of codes().
  Codec Encode(std::span<const std::uint32_t> codes, ByteBuffer& out);
  // kPackedDictionary. `codes` as above; values repeat.
  Codec EncodePacked(std::span<const std::uint32_t> codes, ByteBuffer& out);

 private:
  void PutValues(ByteBuffer& out);

  Dictionary dictionary_;
  std::vector<std::uint32_t> codes_;
  PlainColumn plain_;
};

// A dictionary as it is stored, read value by value. Threads: one at a time.
class StoredDictionary {
 public:
  // kDictionary and kPackedDictionary; `payload` must outlive this. False when it is not what the codec says,
  // so far as that shows at once.
  bool Open(Codec codec, std::string_view payload, std::size_t count);
  std::span<const std::string_view> values() const { return values_; }
  // False when the code of `index`, which is below the count, is none.
  bool Get(std::size_t index, std::string_view& value) const;
  // All codes; false when there is one that is none.
  bool Codes(std::vector<std::uint16_t>& codes) const;

 private:
  std::size_t count_ = 0;
  unsigned bits_ = 0;
  std::vector<std::string_view> values_;
  std::string_view codes_;
};

// Fills `values` with views into `payload`; row i is values[codes[i]], or values[i] when `codes` is empty.
// False when the payload is not what the codec says.
bool DecodeStrings(Codec codec, std::string_view payload, std::size_t count,
                   std::vector<std::string_view>& values, std::vector<std::uint32_t>& codes);

}  // namespace cistern
