#include "storage/block/header.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace cistern {
namespace {

constexpr char kMagic[4] = {'C', 'S', 'B', 'K'};
constexpr std::uint8_t kVersion = 1;
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
static_assert(sizeof(Prefix) == 16);

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

void WriteEntry(ColumnEntry& entry, ByteBuffer& out) {
  entry.in_header = entry.stored.size() <= kMaxInlineBytes;
  out.PutByte(static_cast<std::uint8_t>(entry.id));
  out.PutByte(static_cast<std::uint8_t>(entry.codec) | (entry.compressed ? kCompressedBit : 0) |
              (entry.in_header ? kInlineBit : 0));
  out.PutVarint(entry.stored.size());
  if (entry.compressed) out.PutVarint(entry.raw_length);
  if (entry.in_header) return out.PutBytes(entry.stored);
  entry.checksum = XXH3_64bits(entry.stored.data(), entry.stored.size());
  out.PutFixed64(entry.checksum);
}

// Octets outside the header are taken from `payloads`.
bool ReadEntry(ByteReader& in, ByteReader& payloads, ColumnEntry& entry) {
  entry.id = static_cast<ColumnId>(in.Byte());
  const std::uint8_t codec = in.Byte();
  entry.codec = static_cast<Codec>(codec & kCodecMask);
  entry.compressed = (codec & kCompressedBit) != 0;
  entry.in_header = (codec & kInlineBit) != 0;
  const std::uint64_t length = in.Varint();
  entry.raw_length = entry.compressed ? in.Varint() : length;
  if (!entry.in_header) entry.checksum = in.Fixed64();
  entry.stored = entry.in_header ? in.Bytes(length) : payloads.Bytes(length);
  return in.ok() && payloads.ok() && entry.raw_length <= kMaxColumnBytes;
}

}  // namespace

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
  for (ColumnEntry& entry : header.columns) WriteEntry(entry, out);

  const std::string_view body = out.view().substr(sizeof(Prefix));
  Prefix prefix{
      {kMagic[0], kMagic[1], kMagic[2], kMagic[3]}, kVersion, 0, static_cast<std::uint16_t>(body.size()), 0};
  prefix.checksum = HeaderChecksum(prefix, body);
  std::memcpy(out.data(), &prefix, sizeof prefix);

  for (const ColumnEntry& entry : header.columns)
    if (!entry.in_header) out.PutBytes(entry.stored);
}

Result<BlockHeader> ReadBlockHeader(std::string_view blob) {
  Prefix prefix;
  if (blob.size() < sizeof prefix) return StoreErrc::kCorrupt;
  std::memcpy(&prefix, blob.data(), sizeof prefix);
  if (std::memcmp(prefix.magic, kMagic, sizeof kMagic) != 0) return StoreErrc::kCorrupt;
  if (prefix.version > kVersion) return StoreErrc::kTooNew;
  const std::string_view rest = blob.substr(sizeof prefix);
  if (prefix.header_length > rest.size()) return StoreErrc::kCorrupt;
  const std::string_view body = rest.substr(0, prefix.header_length);
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  if (HeaderChecksum(prefix, body) != prefix.checksum) return StoreErrc::kCorrupt;
#endif

  ByteReader in(body), payloads(rest.substr(prefix.header_length));
  BlockHeader header;
  header.summary = ReadSummary(in);
  if (!in.ok() || !SummaryIsSane(header.summary)) return StoreErrc::kCorrupt;
  const std::uint64_t count = in.Varint();
  for (std::uint64_t i = 0; i < count; ++i) {
    ColumnEntry entry;
    if (!ReadEntry(in, payloads, entry)) return StoreErrc::kCorrupt;
    if (!header.columns.empty() && entry.id <= header.columns.back().id) return StoreErrc::kCorrupt;
    header.columns.push_back(entry);
  }
  if (!in.ok() || in.left() != 0 || payloads.left() != 0) return StoreErrc::kCorrupt;
  return header;
}

bool ChecksumMatches([[maybe_unused]] const ColumnEntry& entry) {
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  return true;
#else
  return entry.in_header || XXH3_64bits(entry.stored.data(), entry.stored.size()) == entry.checksum;
#endif
}

}  // namespace cistern
