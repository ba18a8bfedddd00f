#include "storage/block/header.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/block/compression.h"

namespace cistern {
namespace {

constexpr char kMagic[4] = {'C', 'S', 'B', 'K'};
constexpr std::uint8_t kNewestVersion = 2;
constexpr std::uint8_t kInlineBit = 0x80;
constexpr std::uint8_t kCompressedBit = 0x40;
constexpr std::uint8_t kCodecMask = 0x3f;

// The first sixteen octets. Little-endian like all supported machines.
struct Prefix {
  char magic[4];
  std::uint8_t version;
  std::uint8_t reserved;
  std::uint16_t header_length;  // octets that follow the prefix
  std::uint64_t checksum;       // XXH3-64 of those, seeded with the eight octets before it
};
static_assert(sizeof(Prefix) == kPrefixBytes);

std::uint64_t HeaderChecksum(const Prefix& prefix, std::string_view header) {
  std::uint64_t seed;
  std::memcpy(&seed, &prefix, sizeof seed);
  return XXH3_64bits_withSeed(header.data(), header.size(), seed);
}

void WriteSummary(const BlockSummary& summary, ByteBuffer& out) {
  out.PutVarint(summary.records);
  out.PutVarint(ToInt(summary.first_id));
  out.PutVarint(ToInt(summary.last_id) - ToInt(summary.first_id));
  out.PutSigned(summary.min_received);
  out.PutSigned(WrapSub(summary.max_received, summary.min_received));
  out.PutSigned(WrapSub(summary.min_time, summary.min_received));
  out.PutSigned(WrapSub(summary.max_time, summary.min_received));
}

BlockSummary ReadSummary(ByteReader& in) {
  BlockSummary summary;
  summary.records = in.Varint();
  const std::uint64_t first = in.Varint();
  summary.first_id = RecordId{first};
  summary.last_id = RecordId{first + in.Varint()};
  summary.min_received = in.Signed();
  summary.max_received = WrapAdd(summary.min_received, in.Signed());
  summary.min_time = WrapAdd(summary.min_received, in.Signed());
  summary.max_time = WrapAdd(summary.min_received, in.Signed());
  return summary;
}

bool SummaryIsSane(const BlockSummary& summary) {
  const std::uint64_t first = ToInt(summary.first_id), last = ToInt(summary.last_id);
  return summary.records > 0 && summary.records <= kMaxBlockRows && last >= first &&
         last - first >= summary.records - 1 && summary.max_received >= summary.min_received &&
         summary.max_time >= summary.min_time;
}

void WriteEntry(ColumnEntry& entry, std::uint8_t version, ByteBuffer& out) {
  entry.in_header = entry.stored.size() <= kMaxInlineBytes;
  out.PutByte(static_cast<std::uint8_t>(entry.id));
  out.PutByte(static_cast<std::uint8_t>(entry.codec) | (entry.compressed ? kCompressedBit : 0) |
              (entry.in_header ? kInlineBit : 0));
  if (version >= 2) out.PutByte(static_cast<std::uint8_t>(entry.order));
  out.PutVarint(entry.stored.size());
  if (entry.compressed) out.PutVarint(entry.raw_length);
  if (entry.in_header) return out.PutBytes(entry.stored);
  entry.checksum = XXH3_64bits(entry.stored.data(), entry.stored.size());
  out.PutFixed64(entry.checksum);
}

// `offset`: where the next payload that does not lie in the header starts.
bool ReadEntry(ByteReader& in, std::uint8_t version, std::uint64_t& offset, std::uint64_t size,
               ColumnEntry& entry) {
  entry.id = static_cast<ColumnId>(in.Byte());
  const std::uint8_t codec = in.Byte();
  entry.codec = static_cast<Codec>(codec & kCodecMask);
  entry.compressed = (codec & kCompressedBit) != 0;
  entry.in_header = (codec & kInlineBit) != 0;
  if (version >= 2) entry.order = static_cast<RowOrder>(in.Byte());
  entry.length = in.Varint();
  entry.raw_length = entry.compressed ? in.Varint() : entry.length;
  if (entry.raw_length > kMaxColumnBytes ||
      (entry.compressed && !CouldDecompressTo(entry.length, entry.raw_length)))
    return false;
  if (entry.in_header) {
    entry.stored = in.Bytes(entry.length);
    return in.ok();
  }
  entry.checksum = in.Fixed64();
  entry.offset = offset;
  if (entry.length > size - offset) return false;
  offset += entry.length;
  return in.ok();
}

}  // namespace

std::string_view PeerOctets(const IpAddress& peer) {
  const std::string_view all(reinterpret_cast<const char*>(peer.octets().data()), peer.octets().size());
  if (!peer.present()) return {};
  return peer.is_v4() ? all.substr(12) : all;
}

bool ReadPeer(std::string_view octets, IpAddress& out) {
  std::array<std::uint8_t, 16> address{};
  if (octets.empty()) return true;
  if (octets.size() == 16) {
    std::memcpy(address.data(), octets.data(), 16);
    out = IpAddress::V6(address);
    return true;
  }
  if (octets.size() != 4) return false;
  std::memcpy(address.data(), octets.data(), 4);
  out = IpAddress::V4(std::uint32_t{address[0]} << 24 | std::uint32_t{address[1]} << 16 |
                      std::uint32_t{address[2]} << 8 | address[3]);
  return true;
}

const ColumnEntry* BlockHeader::Find(ColumnId id) const {
  for (const ColumnEntry& entry : columns)
    if (entry.id == id) return &entry;
  return nullptr;
}

void WriteBlock(BlockHeader& header, ByteBuffer& out) {
  out.Reserve(sizeof(Prefix));
  out.Commit(sizeof(Prefix));
  WriteSummary(header.summary, out);
  out.PutVarint(header.columns.size());
  for (ColumnEntry& entry : header.columns) WriteEntry(entry, header.version, out);

  const std::string_view body = out.view().substr(sizeof(Prefix));
  Prefix prefix{{kMagic[0], kMagic[1], kMagic[2], kMagic[3]},
                header.version,
                0,
                static_cast<std::uint16_t>(body.size()),
                0};
  prefix.checksum = HeaderChecksum(prefix, body);
  std::memcpy(out.data(), &prefix, sizeof prefix);

  for (const ColumnEntry& entry : header.columns)
    if (!entry.in_header) out.PutBytes(entry.stored);
}

Result<std::size_t> BlockHeadSize(std::string_view octets) {
  Prefix prefix;
  if (octets.size() < sizeof prefix) return StoreErrc::kCorrupt;
  std::memcpy(&prefix, octets.data(), sizeof prefix);
  if (std::memcmp(prefix.magic, kMagic, sizeof kMagic) != 0 || prefix.version == 0)
    return StoreErrc::kCorrupt;
  return sizeof prefix + prefix.header_length;
}

Result<BlockHeader> ReadBlockHeader(std::string_view head, std::uint64_t size) {
  const Result<std::size_t> head_size = BlockHeadSize(head);
  if (!head_size) return head_size.error();
  if (*head_size > head.size() || head.size() > size) return StoreErrc::kCorrupt;
  Prefix prefix;
  std::memcpy(&prefix, head.data(), sizeof prefix);
  const std::string_view body = head.substr(sizeof prefix, prefix.header_length);
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  if (HeaderChecksum(prefix, body) != prefix.checksum) return StoreErrc::kCorrupt;
#endif
  if (prefix.version > kNewestVersion) return StoreErrc::kTooNew;  // and not a flipped bit

  ByteReader in(body);
  std::uint64_t offset = *head_size;
  BlockHeader header{.version = prefix.version, .summary = ReadSummary(in)};
  if (!in.ok() || !SummaryIsSane(header.summary)) return StoreErrc::kCorrupt;
  const std::uint64_t count = in.Varint();
  for (std::uint64_t i = 0; i < count; ++i) {
    ColumnEntry entry;
    if (!ReadEntry(in, header.version, offset, size, entry)) return StoreErrc::kCorrupt;
    if (!header.columns.empty() && entry.id <= header.columns.back().id) return StoreErrc::kCorrupt;
    header.columns.push_back(entry);
  }
  if (!in.ok() || in.left() != 0 || offset != size) return StoreErrc::kCorrupt;
  return header;
}

bool ChecksumFits([[maybe_unused]] std::string_view octets, [[maybe_unused]] std::uint64_t checksum) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  return true;
#else
  return XXH3_64bits(octets.data(), octets.size()) == checksum;
#endif
}

}  // namespace cistern
