#include "storage/care/tar.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace cistern {
namespace {

struct Field {
  std::size_t offset, length;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUser{108, 8}, kGroup{116, 8}, kSize{124, 12}, kTime{136, 12},
    kSum{148, 8}, kType{156, 1}, kMagic{257, 8}, kMajor{329, 8}, kMinor{337, 8};
constexpr std::uint64_t kMaxOctal = (std::uint64_t{1} << 33) - 1;
constexpr char kPlainFile = '0';

using Block = std::array<char, kTarBlock>;

void PutOctal(Block& block, Field field, std::uint64_t value) {
  for (std::size_t i = field.length - 1; i-- > 0; value >>= 3)
    block[field.offset + i] = static_cast<char>('0' + (value & 7));
}

// The first octet has its high bit set; the number follows, most significant octet first.
void PutLarge(Block& block, Field field, std::uint64_t value) {
  for (std::size_t i = field.length; i-- > 1; value >>= 8)
    block[field.offset + i] = static_cast<char>(value & 0xff);
  block[field.offset] = static_cast<char>(0x80);
}

std::optional<std::uint64_t> Octal(std::string_view block, Field field) {
  std::string_view text = block.substr(field.offset, field.length);
  text = text.substr(0, text.find_first_of(std::string_view(" \0", 2)));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> Size(std::string_view block) {
  if (static_cast<unsigned char>(block[kSize.offset]) != 0x80) return Octal(block, kSize);
  std::uint64_t value = 0;
  for (std::size_t i = 1; i < kSize.length; ++i) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(block[kSize.offset + i]);
  }
  return value;
}

// Of all octets, those of the sum itself taken as spaces.
std::uint64_t Sum(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kSum.offset && i < kSum.offset + kSum.length;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

}  // namespace

Block TarHeader(const TarMember& member) {
  Block block{};
  std::copy_n(member.name.begin(), std::min(member.name.size(), kName.length), block.begin());
  PutOctal(block, kMode, 0600);
  for (const Field field : {kUser, kGroup, kMajor, kMinor}) PutOctal(block, field, 0);
  if (member.bytes <= kMaxOctal) {
    PutOctal(block, kSize, member.bytes);
  } else {
    PutLarge(block, kSize, member.bytes);
  }
  PutOctal(block, kTime, static_cast<std::uint64_t>(std::max<std::int64_t>(member.modified, 0)));
  block[kType.offset] = kPlainFile;
  std::memcpy(block.data() + kMagic.offset,
              "ustar\0"
              "00",
              kMagic.length);
  PutOctal(block, {kSum.offset, kSum.length - 1}, Sum({block.data(), block.size()}));
  block[kSum.offset + kSum.length - 1] = ' ';
  return block;
}

std::optional<TarMember> ParseTarHeader(std::string_view block) {
  if (block.size() != kTarBlock) return std::nullopt;
  if (std::ranges::all_of(block, [](char octet) { return octet == '\0'; })) return TarMember{};
  const auto sum = Octal(block, kSum), time = Octal(block, kTime), size = Size(block);
  const char type = block[kType.offset];
  if (!sum || *sum != Sum(block) || !size || !time || (type != kPlainFile && type != '\0'))
    return std::nullopt;
  const std::string_view name = block.substr(kName.offset, kName.length);
  return TarMember{std::string(name.substr(0, name.find('\0'))), *size, static_cast<std::int64_t>(*time)};
}

}  // namespace cistern
