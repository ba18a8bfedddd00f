// The few parts of the tar format (POSIX ustar) that a backup needs: plain files, one after the other, so
// that `tar tf` and `tar xf` work. Sizes beyond 8 GiB are written in base 256, as GNU tar and others read
// them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

inline constexpr std::size_t kTarBlock = 512;

struct TarMember {
  std::string name;  // at most 100 octets
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  // s since the Unix epoch
};

std::array<char, kTarBlock> TarHeader(const TarMember& member);
// Octets of zero after a member of this size; the end of the archive is two blocks of zeros.
constexpr std::size_t TarPadding(std::uint64_t bytes) { return (kTarBlock - bytes % kTarBlock) % kTarBlock; }
inline constexpr std::size_t kTarEnd = 2 * kTarBlock;

// A member of 0 octets with an empty name is the block that begins the end. Absent: not a header of a plain
// file, or its checksum is wrong.
std::optional<TarMember> ParseTarHeader(std::string_view block);

}  // namespace cistern
