#include "storage/sqlite/row_checksum.h"

#include <xxhash.h>

#include <bit>

namespace cistern {

static_assert(std::endian::native == std::endian::little, "checksums are over little-endian octets");

RowChecksum& RowChecksum::Add(std::int64_t value) {
  octets_.append(reinterpret_cast<const char*>(&value), sizeof value);
  return *this;
}

RowChecksum& RowChecksum::Add(std::string_view text) {
  Add(static_cast<std::int64_t>(text.size()));
  octets_ += text;
  return *this;
}

RowChecksum& RowChecksum::AddNull() {
  octets_ += '\0';
  return *this;
}

std::int64_t RowChecksum::value() const {
  return static_cast<std::int64_t>(XXH3_64bits_withSeed(octets_.data(), octets_.size(), seed_));
}

std::int64_t BlobChecksum(std::string_view blob, std::uint64_t key) {
  return static_cast<std::int64_t>(XXH3_64bits_withSeed(blob.data(), blob.size(), key));
}

}  // namespace cistern
