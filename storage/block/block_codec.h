// The column blob: a batch of records as separately compressed, checksummed columns. Rows of `tail` are blobs
// with one commit each; sealed blocks use the same codec family and the same reader.
// The layout is documented in FORMAT.md beside this file.
//
// Threads: encoder and reader are used by one thread at a time. A blob is immutable and may be shared.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/message/record_batch.h"
#include "ingest/message/result.h"
#include "storage/batch_view.h"
#include "storage/store.h"

namespace cistern {

// What is known of a batch without decoding it.
struct BlockSummary {
  std::uint64_t records = 0;
  RecordId first_id{}, last_id{};
  std::int64_t min_received = 0, max_received = 0;      // ns
  std::int64_t min_time = kNoTime, max_time = kNoTime;  // ns; kNoTime when no record has a time
};

// What a blob is made for. Compression takes two thirds of the time of encoding, and four fifths of the
// octets.
enum class Packing : std::uint8_t {
  kCompressed,
  kPlain,  // it will be read and encoded again soon
};

// Encodes records with ids set, ascending. Byte-exact round trip for any field content.
// Reuses its buffers and compression context from call to call.
class BlockEncoder {
 public:
  BlockEncoder();
  ~BlockEncoder();
  // The blob is valid until the next call. At least one record, at most 65,536, and at most 256 MiB of text.
  // `raw` is kept only for records whose shape is kShapeRaw.
  std::string_view Encode(std::span<RecordBatch* const> batches);
  std::string_view Encode(std::span<const std::span<const Record>> parts,
                          Packing packing = Packing::kCompressed);
  // Of the last blob.
  const BlockSummary& summary() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Checks the header and its checksum; a column's checksum is checked when the column is first decoded.
// A damaged column makes later calls return empty values and `damaged()` true: the caller quarantines.
// `blob` is kept alive by the batch. kCorrupt: not a blob, or its directory is damaged.
// kTooNew: a newer release wrote it.
Result<std::unique_ptr<StoredBatch>> OpenBlock(std::shared_ptr<const std::string> blob);

// The octets of one blob, fetched as needed. Threads: one at a time.
class BlobSource {
 public:
  virtual ~BlobSource() = default;
  virtual std::uint64_t size() const = 0;
  // Reads octets [offset, offset + length), which lie within size(). The view lives as long as the source.
  // Absent: they cannot be read any more.
  virtual std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) = 0;
};
// The same for a blob that is read column by column. `index` may be null.
Result<std::unique_ptr<StoredBatch>> OpenBlock(std::unique_ptr<BlobSource> source,
                                               std::unique_ptr<BlockIndex> index);

// Compares all checksums without decoding: what a reader does with a blob from the disk before it uses it.
Result<void> CheckBlock(std::string_view blob);

// Checks all checksums and decodes everything; kCorrupt on the first damage.
Result<void> VerifyBlock(std::string_view blob);

}  // namespace cistern
