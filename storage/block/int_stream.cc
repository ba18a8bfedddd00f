#include "storage/block/int_stream.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "storage/block/bit_packing.h"

namespace cistern {
namespace {

enum Transform : std::uint8_t { kNone = 0, kDelta = 1, kFromRow = 2 };
enum Layout : std::uint8_t { kConstant = 0, kPacked = 1, kPlain = 2 };
constexpr unsigned kLayoutShift = 4;

constexpr std::size_t kSample = 512, kRun = 128;

// count * log2(count), by count.
const std::array<double, kSample + 1>& CountTerms() {
  static const std::array<double, kSample + 1> terms = [] {
    std::array<double, kSample + 1> made{};
    for (std::size_t i = 1; i <= kSample; ++i)
      made[i] = static_cast<double>(i) * std::log2(static_cast<double>(i));
    return made;
  }();
  return terms;
}

// What an octet with these counts tells, in bits. A small sample looks more regular than it is (Miller and
// Madow).
double Entropy(const std::array<std::uint16_t, 256>& counts, double sampled) {
  const std::array<double, kSample + 1>& terms = CountTerms();
  double sum = 0;
  int seen = -1;
  for (const std::uint16_t count : counts) {
    sum += terms[count];
    seen += count != 0;
  }
  return std::log2(sampled) - sum / sampled + seen / (2 * std::log(2.0) * sampled);
}

// What the octets of the values, less `base`, tell at least, in bits a value; from a sample. Where values
// repeat from row to row it is less.
double SampledBits(std::span<const std::int64_t> values, std::int64_t base, unsigned octets) {
  std::array<std::array<std::uint16_t, 256>, 8> counts;
  std::fill_n(counts.begin(), octets, std::array<std::uint16_t, 256>{});
  std::size_t sampled = 0, repeated = 0;
  const std::size_t step = std::max(kRun, values.size() / (kSample / kRun));
  for (std::size_t start = 0; start < values.size() && sampled < kSample; start += step) {
    for (std::size_t i = start; i < std::min(start + kRun, values.size()); ++i, ++sampled) {
      const auto offset = static_cast<std::uint64_t>(WrapSub(values[i], base));
      for (unsigned octet = 0; octet < octets; ++octet) ++counts[octet][offset >> octet * 8 & 0xff];
      repeated += i != start && values[i] == values[i - 1];
    }
  }
  const auto all = static_cast<double>(sampled);
  double bits = 0;
  for (unsigned octet = 0; octet < octets; ++octet) bits += Entropy(counts[octet], all);
  return bits * (1 - static_cast<double>(repeated) / all);
}

unsigned OctetsOf(std::uint64_t range) {
  if (range <= UINT8_MAX) return 1;
  if (range <= UINT16_MAX) return 2;
  return range <= UINT32_MAX ? 4 : 8;
}

void PutOctets(std::span<const std::int64_t> values, std::int64_t base, unsigned octets, ByteBuffer& out) {
  char* at = out.Reserve(values.size() * octets + 8);
  for (const std::int64_t value : values) {
    const std::int64_t offset = WrapSub(value, base);
    std::memcpy(at, &offset, 8);
    at += octets;
  }
  out.Commit(values.size() * octets);
}

template <class Width>
void GetOctets(std::string_view octets, std::int64_t base, std::span<std::int64_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Width offset;
    std::memcpy(&offset, octets.data() + i * sizeof offset, sizeof offset);
    out[i] = WrapAdd(base, static_cast<std::int64_t>(offset));
  }
}

void Unplain(std::string_view octets, std::int64_t base, unsigned width, std::span<std::int64_t> out) {
  if (width == 1) return GetOctets<std::uint8_t>(octets, base, out);
  if (width == 2) return GetOctets<std::uint16_t>(octets, base, out);
  if (width == 4) return GetOctets<std::uint32_t>(octets, base, out);
  GetOctets<std::uint64_t>(octets, base, out);
}

}  // namespace

// A layout for values and what it takes.
struct IntStreamWriter::Choice {
  Transform transform = kNone;
  Layout layout = kConstant;
  unsigned width = 0;  // bits or octets
  std::int64_t base = 0;
  std::span<const std::int64_t> values;
  double bits = 0;  // a value
};

IntStreamWriter::Choice IntStreamWriter::Consider(std::span<const std::int64_t> values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  Choice choice{.base = *min, .values = values};
  if (*min == *max) return choice;
  const auto range = static_cast<std::uint64_t>(WrapSub(*max, *min));
  choice.layout = kPacked;
  choice.width = PackedBits(range);
  choice.bits = choice.width;
  if (values.size() < 64) return choice;
  const unsigned octets = OctetsOf(range);
  const double plain = SampledBits(values, *min, octets);
  if (plain > choice.bits * 0.9) return choice;
  choice.layout = kPlain;
  choice.width = octets;
  choice.bits = plain;
  return choice;
}

void IntStreamWriter::Put(const Choice& choice, ByteBuffer& description, FrameWriter& frames,
                          Compressor& compressor) {
  description.PutSigned(choice.base);
  if (choice.layout == kConstant) return;
  description.PutByte(static_cast<std::uint8_t>(choice.width));
  const StreamKind kind = choice.layout == kPacked ? StreamKind::kPacked : StreamKind::kPlain;
  ByteBuffer& out = frames.Begin(kind);
  if (choice.layout == kPacked) {
    Pack(choice.values, choice.base, choice.width, out);
  } else {
    PutOctets(choice.values, choice.base, choice.width, out);
  }
  frames.EndStream(kind, compressor);
}

void IntStreamWriter::Write(std::span<const std::int64_t> values, std::span<const std::uint32_t> rows,
                            ByteBuffer& description, FrameWriter& frames, Compressor& compressor) {
  Choice best = Consider(values);
  const auto try_other = [&](Transform transform, std::span<const std::int64_t> transformed) {
    Choice other = Consider(transformed);
    other.transform = transform;
    if (other.bits < best.bits * 0.9) best = other;
  };
  if (best.layout != kConstant && values.size() > 1) {
    if (WrapSub(values.back(), values.front()) == std::int64_t{rows.back()} - std::int64_t{rows.front()}) {
      from_row_.resize(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) from_row_[i] = WrapSub(values[i], rows[i]);
      try_other(kFromRow, from_row_);
    }
    deltas_.resize(values.size() - 1);
    std::size_t falls = 0;
    for (std::size_t i = 0; i < deltas_.size(); ++i) {
      deltas_[i] = WrapSub(values[i + 1], values[i]);
      falls += deltas_[i] < 0;
    }
    if (falls * 16 < deltas_.size()) try_other(kDelta, deltas_);
  }
  description.PutByte(static_cast<std::uint8_t>(best.transform | best.layout << kLayoutShift));
  if (best.transform == kDelta) description.PutSigned(values.front());
  Put(best, description, frames, compressor);
}

bool ReadIntStream(ByteReader& in, std::uint32_t count, FrameReader& frames, IntStream& stream) {
  const std::uint8_t how = in.Byte();
  stream.transform = how & ((1 << kLayoutShift) - 1);
  stream.layout = how >> kLayoutShift;
  stream.count = count;
  if (stream.transform > kFromRow || stream.layout > kPlain || count == 0) return false;
  if (stream.transform == kDelta) stream.first = in.Signed();
  stream.base = in.Signed();
  if (stream.layout == kConstant) return in.ok();
  stream.width = in.Byte();
  const std::uint64_t laid_out = stream.transform == kDelta ? count - 1 : count;
  if (stream.layout == kPacked) {
    const bool sane = stream.width != 0 && (stream.width <= 56 || stream.width == 64);
    return in.ok() && sane &&
           frames.Next(StreamKind::kPacked, PackedOctets(laid_out, stream.width), stream.place);
  }
  const bool sane = stream.width == 1 || stream.width == 2 || stream.width == 4 || stream.width == 8;
  return in.ok() && sane && frames.Next(StreamKind::kPlain, laid_out * stream.width, stream.place);
}

bool ReadOneInt(const IntStream& stream, FrameReader& frames, std::size_t position, std::uint32_t row,
                std::int64_t& value) {
  std::string_view octets;
  if (stream.layout != kConstant) {
    const auto stored = frames.Read(stream.place);
    if (!stored) return false;
    octets = *stored;
  }
  const unsigned bits = stream.layout == kConstant ? 0
                        : stream.layout == kPacked ? stream.width
                                                   : 8 * stream.width;
  const auto laid_out = [&](std::size_t i) {
    return WrapAdd(stream.base, static_cast<std::int64_t>(UnpackOne(octets, bits, i)));
  };
  if (stream.transform != kDelta) {
    value = laid_out(position);
    if (stream.transform == kFromRow) value = WrapAdd(value, row);
    return true;
  }
  value = stream.first;
  for (std::size_t i = 0; i < position; ++i) value = WrapAdd(value, laid_out(i));
  return true;
}

bool DecodeIntStream(const IntStream& stream, FrameReader& frames, std::span<const std::uint32_t> rows,
                     std::vector<std::int64_t>& out) {
  out.assign(stream.count, stream.base);
  const std::span<std::int64_t> laid_out = std::span(out).subspan(stream.transform == kDelta ? 1 : 0);
  if (stream.layout != kConstant) {
    const auto octets = frames.Read(stream.place);
    if (!octets) return false;
    if (stream.layout == kPacked) {
      Unpack(*octets, stream.base, stream.width, laid_out);
    } else {
      Unplain(*octets, stream.base, stream.width, laid_out);
    }
  }
  if (stream.transform == kDelta) {
    out[0] = stream.first;
    for (std::size_t i = 1; i < out.size(); ++i) out[i] = WrapAdd(out[i - 1], out[i]);
  } else if (stream.transform == kFromRow) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = WrapAdd(out[i], rows[i]);
  }
  return true;
}

}  // namespace cistern
