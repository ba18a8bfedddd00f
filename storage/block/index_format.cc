#include "storage/block/index_format.h"

#include <xxhash.h>

#include <cstring>

#include "storage/block/bytes.h"
#include "storage/block/header.h"

namespace cistern {
namespace {

constexpr char kMagic[4] = {'C', 'S', 'I', 'X'};
constexpr std::uint8_t kVersion = 2;
constexpr std::size_t kUsualParts = 10;

// The first sixteen octets. Little-endian like all supported machines.
struct Prefix {
  char magic[4];
  std::uint8_t version;
  std::uint8_t reserved[3];
  std::uint64_t checksum;  // XXH3-64 of all that follows, seeded with the eight octets before it
};
static_assert(sizeof(Prefix) == 16);

std::uint64_t Checksum(const Prefix& prefix, std::string_view rest) {
  std::uint64_t seed;
  std::memcpy(&seed, &prefix, sizeof seed);
  return XXH3_64bits_withSeed(rest.data(), rest.size(), seed);
}

bool ChecksumFits(const Prefix& prefix, std::string_view rest) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  (void)prefix, (void)rest;
  return true;
#else
  return prefix.checksum == Checksum(prefix, rest);
#endif
}

std::optional<ColumnId> StoredId(Column column) {
  switch (column) {
    case Column::kListener:
      return ColumnId::kListener;
    case Column::kTlsIdentity:
      return ColumnId::kTlsIdentity;
    case Column::kHostname:
      return ColumnId::kHostname;
    case Column::kAppName:
      return ColumnId::kAppName;
    case Column::kMsgid:
      return ColumnId::kMsgid;
    case Column::kPeer:
      return ColumnId::kPeer;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<IndexPartId> PartOfColumn(Column column) {
  const std::optional<ColumnId> id = StoredId(column);
  if (!id) return std::nullopt;
  return static_cast<IndexPartId>(static_cast<int>(IndexPartId::kFirstColumn) + static_cast<int>(*id));
}

std::string WriteIndex(const std::vector<IndexPart>& parts) {
  ByteBuffer out;
  out.Reserve(sizeof(Prefix));
  out.Commit(sizeof(Prefix));
  out.PutVarint(parts.size());
  for (const IndexPart& part : parts) {
    out.PutByte(static_cast<std::uint8_t>(part.id));
    out.PutByte(part.compressed ? 1 : 0);
    out.PutVarint(part.stored.size());
    if (part.compressed) out.PutVarint(part.raw_length);
  }
  for (const IndexPart& part : parts) out.PutBytes(part.stored);
  Prefix prefix{{kMagic[0], kMagic[1], kMagic[2], kMagic[3]}, kVersion, {}, 0};
  prefix.checksum = Checksum(prefix, out.view().substr(sizeof prefix));
  std::memcpy(out.data(), &prefix, sizeof prefix);
  return std::string(out.view());
}

Result<std::vector<IndexPart>> ReadIndex(std::string_view index, Octets octets) {
  Prefix prefix;
  if (index.size() < sizeof prefix) return StoreErrc::kCorrupt;
  std::memcpy(&prefix, index.data(), sizeof prefix);
  if (std::memcmp(prefix.magic, kMagic, sizeof kMagic) != 0) return StoreErrc::kCorrupt;
  if (prefix.version > kVersion) return StoreErrc::kTooNew;
  index.remove_prefix(sizeof prefix);
  if (prefix.version != kVersion) return StoreErrc::kCorrupt;
  if (octets == Octets::kUnchecked && !ChecksumFits(prefix, index)) return StoreErrc::kCorrupt;

  ByteReader in(index);
  std::vector<IndexPart> parts;
  parts.reserve(kUsualParts);
  for (std::uint64_t left = in.Varint(); left > 0 && in.ok(); --left) {
    IndexPart part{.id = static_cast<IndexPartId>(in.Byte()), .compressed = in.Byte() != 0};
    const std::uint64_t length = in.Varint();
    part.raw_length = part.compressed ? in.Varint() : length;
    if (length > index.size() || part.raw_length > kMaxColumnBytes) return StoreErrc::kCorrupt;
    part.stored = index.substr(0, length);  // the length; where it lies follows from the order
    parts.push_back(part);
  }
  for (IndexPart& part : parts) part.stored = in.Bytes(part.stored.size());
  if (!in.ok() || in.left() != 0) return StoreErrc::kCorrupt;
  return parts;
}

}  // namespace cistern
