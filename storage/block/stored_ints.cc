#include "storage/block/stored_ints.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "storage/block/bit_packing.h"
#include "storage/block/bytes.h"
#include "storage/block/code_ranks.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxDictionary = 256;
constexpr std::size_t kMarkEvery = 256;

bool AddOneByOne(std::string_view& octets, std::size_t count, std::int64_t& sum) {
  ByteReader in(octets);
  for (; count != 0; --count) sum = WrapAdd(sum, in.Signed());
  octets.remove_prefix(octets.size() - in.left());
  return in.ok();
}

// Adds `count` signed varints to `sum` and takes them from `octets`. Mostly they take an octet each, and
// often it is 0. False when there are too few.
bool Add(std::string_view& octets, std::size_t count, std::int64_t& sum) {
  for (; count >= 8 && octets.size() >= 8; count -= 8) {
    std::uint64_t word;
    std::memcpy(&word, octets.data(), sizeof word);
    if ((word & 0x8080808080808080u) != 0) {
      if (!AddOneByOne(octets, 8, sum)) return false;
      continue;
    }
    octets.remove_prefix(8);
    for (; word != 0; word >>= 8) sum = WrapAdd(sum, UnZigZag(word & 0x7f));
  }
  return AddOneByOne(octets, count, sum);
}

}  // namespace

bool StoredInts::OpenDictionary(bool packed, ByteReader& in) {
  const std::uint64_t distinct = in.Varint();
  if (distinct == 0 || distinct > kMaxDictionary) return false;
  for (std::uint64_t i = 0; i < distinct; ++i) dictionary_.push_back(in.Signed());
  bits_ = packed ? PackedBits(distinct - 1) : 8;
  return true;
}

bool StoredInts::Open(Codec codec, std::string_view payload, std::size_t count) {
  codec_ = codec;
  count_ = count;
  ByteReader in(payload);
  switch (codec) {
    case Codec::kConstant:
      base_ = in.Signed();
      break;
    case Codec::kFixed:
    case Codec::kPacked:
      base_ = in.Signed();
      bits_ = in.Byte();
      if (codec == Codec::kFixed && bits_ != 1 && bits_ != 2 && bits_ != 4 && bits_ != 8) return false;
      if (codec == Codec::kFixed) bits_ *= 8;
      if (bits_ > 56 && bits_ != 64) return false;
      break;
    case Codec::kIntDictionary:
    case Codec::kPackedIntDictionary:
      if (!OpenDictionary(codec == Codec::kPackedIntDictionary, in)) return false;
      break;
    case Codec::kDelta:
      laid_out_ = payload;
      marks_.emplace_back();
      return true;
    default:
      return false;
  }
  laid_out_ = in.Bytes(PackedOctets(count, bits_));
  return in.ok() && in.left() == 0;
}

bool StoredInts::Walk(std::size_t index, std::int64_t& value) {
  std::size_t mark = std::min(index / kMarkEvery, marks_.size() - 1);
  std::string_view rest = laid_out_.substr(marks_[mark].offset);
  value = marks_[mark].sum;
  for (; mark < index / kMarkEvery; ++mark) {
    if (!Add(rest, kMarkEvery, value)) return false;
    marks_.push_back({laid_out_.size() - rest.size(), value});
  }
  return Add(rest, index % kMarkEvery + 1, value);
}

bool StoredInts::Get(std::size_t index, std::int64_t& value) {
  if (codec_ == Codec::kDelta) return Walk(index, value);
  const std::uint64_t offset = UnpackOne(laid_out_, bits_, index);
  if (dictionary_.empty()) {
    value = WrapAdd(base_, static_cast<std::int64_t>(offset));
    return true;
  }
  if (offset >= dictionary_.size()) return false;
  value = dictionary_[static_cast<std::size_t>(offset)];
  return true;
}

template <class Code>
bool StoredInts::Codes(std::uint64_t bound, std::vector<Code>& codes) const {
  const std::uint64_t last = dictionary_.empty() ? static_cast<std::uint64_t>(base_) : 0;
  if (last >= bound || bound > std::numeric_limits<Code>::max() || bits_ > 16) return false;
  codes.resize(count_);
  if (bits_ > 8 && sizeof(Code) == 1) return false;
  UnpackCodes(laid_out_, bits_, std::span(codes));
  const auto most = static_cast<Code>(bound - 1 - last), base = static_cast<Code>(last);
  if (CountCodes(std::span<const Code>(codes), [most](Code code) { return code > most; }) != 0) return false;
  if (base == 0) return true;
  for (Code& code : codes) code = static_cast<Code>(code + base);
  return true;
}

template bool StoredInts::Codes(std::uint64_t, std::vector<std::uint16_t>&) const;
template bool StoredInts::Codes(std::uint64_t, std::vector<std::uint8_t>&) const;

}  // namespace cistern
