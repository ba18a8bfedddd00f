// The header of a column blob; FORMAT.md describes the octets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/block/block_codec.h"
#include "storage/block/bytes.h"

namespace cistern {

inline constexpr std::size_t kMaxBlockRows = 65536;
// No column of a valid blob is longer than this when decompressed; a larger claim is damage.
inline constexpr std::uint64_t kMaxColumnBytes = std::uint64_t{256} << 20;
// Payloads up to this length lie in the header, under its checksum, and need none of their own.
inline constexpr std::size_t kMaxInlineBytes = 256;

// Columns on disk. Never renumber, only add.
enum class ColumnId : std::uint8_t {
  kIds = 1,
  kReceived = 2,
  kTimeUnit = 3,
  kTime = 4,
  kPeer = 5,
  kPort = 6,
  kTransport = 7,
  kFormat = 8,
  kFacility = 9,
  kSeverity = 10,
  kFlags = 11,
  kShape = 12,
  kListener = 13,
  kTlsIdentity = 14,
  kHostname = 15,
  kAppName = 16,
  kProcid = 17,
  kMsgid = 18,
  kStructuredData = 19,
  kMessage = 20,
  kRaw = 21,
  kTags = 22,
  // Version 2. Where a text column is in Codec::kTemplates:
  kMessageTemplates = 23,  // the template of each row
  kMessageFrames = 24,     // streams of slot values
  kSdTemplates = 25,
  kSdFrames = 26,
  kProcidTemplates = 27,
  kProcidFrames = 28,
};
inline constexpr std::size_t kColumnIdEnd = 29;

// How a payload is laid out. Never renumber, only add.
enum class Codec : std::uint8_t {
  kConstant = 1,       // integers: one value for all rows
  kFixed = 2,          // integers: base and offsets of 1, 2, 4 or 8 octets
  kDelta = 3,          // integers: differences between rows
  kIntDictionary = 4,  // integers: at most 256 values and a code a row
  kStrings = 5,        // strings: lengths, then octets
  kDictionary = 6,     // strings: values and codes of 1 or 2 octets; no codes for a single value
  kVarints = 7,        // integers: one after the other
  // Version 2.
  kTemplates = 8,             // texts: the directory of templates and frames
  kFrames = 9,                // frames of slot values, each with its own checksum
  kPacked = 10,               // integers: base and offsets of a few bits
  kPackedDictionary = 11,     // strings: values and codes of a few bits
  kPackedIntDictionary = 12,  // integers: the same
};

// In which order the rows of a column are written (version 2). Never renumber, only add.
enum class RowOrder : std::uint8_t {
  kRow = 0,
  kTemplate = 1,  // by the message's template
  kShape = 2,     // by the value of the shape column
  kOrigin = 3,    // by app name, then hostname, then shape
};

// A shape as one integer of the shape column.
constexpr std::int64_t PackShape(const Shape& shape) {
  return shape.code | std::int64_t{shape.fraction_digits} << 8 |
         std::int64_t{static_cast<std::uint16_t>(shape.utc_offset_minutes)} << 16 |
         std::int64_t{shape.form} << 32;
}
constexpr Shape UnpackShape(std::int64_t packed) {
  return {static_cast<std::uint8_t>(packed), static_cast<std::uint8_t>(packed >> 8),
          static_cast<std::int16_t>(packed >> 16), static_cast<std::uint16_t>(packed >> 32)};
}

// The octets of the peer column: none, 4 or 16. False for others.
bool ReadPeer(std::string_view octets, IpAddress& out);
std::string_view PeerOctets(const IpAddress& peer);

struct ColumnEntry {
  ColumnId id{};
  Codec codec{};
  RowOrder order = RowOrder::kRow;
  bool compressed = false;
  std::uint64_t raw_length = 0;  // of the payload once decompressed
  std::uint64_t checksum = 0;    // XXH3-64 of `stored`; unused for inline payloads
  bool in_header = false;
  std::uint64_t offset = 0, length = 0;  // of `stored` in the blob; set by the reader
  std::string_view stored;               // as written; after reading only of inline payloads
};

struct BlockHeader {
  std::uint8_t version = 1;
  BlockSummary summary;
  std::vector<ColumnEntry> columns;  // ascending by id

  const ColumnEntry* Find(ColumnId id) const;
};

// Appends prefix, header and payloads to `out`, which must be empty. Fills in `checksum` and `in_header`.
void WriteBlock(BlockHeader& header, ByteBuffer& out);
// Octets before the payloads, by the first kPrefixBytes of a blob. kCorrupt.
inline constexpr std::size_t kPrefixBytes = 16;
Result<std::size_t> BlockHeadSize(std::string_view prefix);
// Checks lengths and the header's checksum. `head` holds at least BlockHeadSize() octets of a blob of `size`
// octets, and must outlive the result. kCorrupt, kTooNew.
Result<BlockHeader> ReadBlockHeader(std::string_view head, std::uint64_t size);
// The same for a whole blob.
inline Result<BlockHeader> ReadBlockHeader(std::string_view blob) {
  return ReadBlockHeader(blob, blob.size());
}
// Whether octets are what was written.
bool ChecksumFits(std::string_view octets, std::uint64_t checksum);

}  // namespace cistern
