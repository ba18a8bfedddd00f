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

// Takes a signed varint of up to four octets from `octets`. By branches, which are the same again and again,
// so that the next one need not wait for the length of this one.
bool AddShort(std::string_view& octets, std::int64_t& sum) {
  std::uint32_t word;
  if (octets.size() < sizeof word) return false;
  std::memcpy(&word, octets.data(), sizeof word);
  std::uint32_t value = word & 0x7f;
  if ((word & 0x80) == 0) {
    octets.remove_prefix(1);
  } else if (value |= word >> 1 & 0x3f80; (word & 0x8000) == 0) {
    octets.remove_prefix(2);
  } else if (value |= word >> 2 & 0x1fc000; (word & 0x800000) == 0) {
    octets.remove_prefix(3);
  } else if (value |= word >> 3 & 0xfe00000; (word & 0x80000000) == 0) {
    octets.remove_prefix(4);
  } else {
    return false;
  }
  sum = WrapAdd(sum, UnZigZag(value));
  return true;
}

bool AddOne(std::string_view& octets, std::int64_t& sum) {
  if (AddShort(octets, sum)) return true;
  ByteReader in(octets);
  sum = WrapAdd(sum, in.Signed());
  octets.remove_prefix(octets.size() - in.left());
  return in.ok();
}

// Adds `count` signed varints to `sum` and takes them from `octets`. Mostly they take an octet each, and
// often it is 0; where every row has a time of its own, two to four. False when there are too few.
bool Add(std::string_view& octets, std::size_t count, std::int64_t& sum) {
  while (count != 0) {
    std::uint64_t word = ~std::uint64_t{0};
    if (count >= 8 && octets.size() >= 8) std::memcpy(&word, octets.data(), sizeof word);
    if ((word & 0x8080808080808080u) != 0) {
      if (!AddOne(octets, sum)) return false;
      --count;
      continue;
    }
    octets.remove_prefix(8);
    count -= 8;
    for (; word != 0; word >>= 8) sum = WrapAdd(sum, UnZigZag(word & 0x7f));
  }
  return true;
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

// The values from one mark to the next, as far as they can be read: who wants one wants its neighbours.
bool StoredInts::LoadRun(std::size_t run) {
  std::size_t mark = std::min(run, marks_.size() - 1);
  std::string_view rest = laid_out_.substr(marks_[mark].offset);
  std::int64_t sum = marks_[mark].sum;
  for (; mark < run; ++mark) {
    if (!Add(rest, kMarkEvery, sum)) return false;
    marks_.push_back({laid_out_.size() - rest.size(), sum});
  }
  run_ = run;
  values_.clear();
  const std::size_t size = std::min(kMarkEvery, count_ - run * kMarkEvery);
  while (values_.size() < size && AddOne(rest, sum)) values_.push_back(sum);
  return true;
}

bool StoredInts::Walk(std::size_t index, std::int64_t& value) {
  const std::size_t run = index / kMarkEvery, place = index % kMarkEvery;
  if (run != run_ && !LoadRun(run)) return false;
  if (place >= values_.size()) return false;
  value = values_[place];
  return true;
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
