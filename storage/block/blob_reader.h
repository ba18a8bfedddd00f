// A column blob as it is fetched: its header, and payloads when they are asked for.
//
// Threads: one at a time. Everything returned lives as long as the reader.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/block/block_codec.h"
#include "storage/block/frames.h"
#include "storage/block/header.h"

namespace cistern {

// A whole blob in memory.
std::unique_ptr<BlobSource> SourceOf(std::shared_ptr<const std::string> blob);

class BlobReader {
 public:
  // Fetches and checks the header. kCorrupt, kTooNew.
  static Result<BlobReader> Open(std::unique_ptr<BlobSource> source);

  const BlockHeader& header() const { return header_; }
  std::uint64_t size() const { return source_->size(); }
  std::uint64_t fetched() const { return fetched_; }
  // Octets that came out of decompression.
  std::uint64_t decoded() const { return decoded_; }
  // The octets of a column that is in ColumnId, as they were before compression. Absent when they are damaged
  // or went away.
  std::optional<std::string_view> Payload(const ColumnEntry& entry);
  // The frames of a column, which check themselves one by one.
  std::unique_ptr<FrameSource> Frames(const ColumnEntry& entry);
  // Whether the stored octets of all columns are what was written.
  bool Check();

 private:
  class ColumnFrames;
  BlobReader(std::unique_ptr<BlobSource> source, BlockHeader header, std::string_view head);
  std::optional<std::string_view> Read(std::uint64_t offset, std::uint64_t length);
  std::optional<std::string_view> Stored(const ColumnEntry& entry);

  std::unique_ptr<BlobSource> source_;
  BlockHeader header_;
  std::string_view head_;  // what was read first
  std::uint64_t fetched_ = 0, decoded_ = 0;
  // By column: what was fetched and is what was written, and what it was before compression.
  std::array<std::optional<std::string_view>, kColumnIdEnd> stored_, payloads_;
  std::vector<std::unique_ptr<char[]>> buffers_;  // decompressed payloads
};

}  // namespace cistern
