// A checksum over the values of one row, so that a flipped bit in a plain column is noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern {

// Order matters. `seed` tells tables apart, so that a row cannot pass as one of another table.
class RowChecksum {
 public:
  explicit RowChecksum(std::uint64_t seed) : seed_(seed) {}
  RowChecksum& Add(std::int64_t value);
  RowChecksum& Add(std::string_view text);
  RowChecksum& AddNull();
  std::int64_t value() const;

 private:
  const std::uint64_t seed_;
  std::string octets_;
};

// Of a blob that lies under the key `key`: the same octets under another key do not pass.
std::int64_t BlobChecksum(std::string_view blob, std::uint64_t key);

}  // namespace cistern
