// The streams of a text column, laid into frames: pieces that are compressed and checksummed each for itself,
// so that a reader decodes only those it needs.
//
// Streams are handed out in the order in which they were put, so that no positions are stored. There are two
// sequences of frames: `packed` streams look random and are kept as they are, `plain` ones are compressed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/block/bytes.h"
#include "storage/block/compression.h"

namespace cistern {

enum class StreamKind : std::uint8_t { kPacked = 0, kPlain = 1 };

class FrameWriter {
 public:
  void Clear();
  // Where the next stream of the kind goes. EndStream() must follow.
  ByteBuffer& Begin(StreamKind kind) { return open_[static_cast<std::size_t>(kind)]; }
  void EndStream(StreamKind kind, Compressor& compressor);
  // After the last stream: appends the directory to `directory`. frames() is what it speaks of.
  void Finish(Compressor& compressor, ByteBuffer& directory);
  std::string_view frames() const { return frames_.view(); }

 private:
  void Close(StreamKind kind, Compressor& compressor);

  ByteBuffer open_[2];
  ByteBuffer compressed_, directory_, frames_;
  std::size_t count_ = 0;
};

// Gives the octets of the frames section.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual std::uint64_t size() const = 0;
  // Octets [offset, offset + length), which lie within size(). Absent: they cannot be read.
  virtual std::optional<std::string_view> Read(std::uint64_t offset, std::size_t length) = 0;
  // A frame of so many octets was decompressed; for those who count.
  virtual void Decoded(std::uint64_t /*octets*/) {}
};

// Where a stream lies.
struct StreamPlace {
  std::uint32_t frame = 0;
  std::uint64_t offset = 0, length = 0;  // in the frame as it was before compression
};

class FrameReader {
 public:
  explicit FrameReader(FrameSource& source) : source_(source) {}
  // Reads the directory. False when it is malformed or says something else than the section's size.
  bool Open(ByteReader& in);
  // The place of the next stream, `length` octets long; false when no frame has it.
  bool Next(StreamKind kind, std::uint64_t length, StreamPlace& place);
  // The octets of a stream. Absent when the frame is damaged or cannot be read.
  std::optional<std::string_view> Read(const StreamPlace& place);

 private:
  struct Frame {
    StreamKind kind{};
    bool compressed = false;
    bool loaded = false;
    std::uint64_t offset = 0, length = 0, raw_length = 0, checksum = 0;
    std::optional<std::string_view> octets;
    std::unique_ptr<char[]> buffer;
  };
  struct Cursor {
    std::size_t frame = 0;
    std::uint64_t offset = 0;
  };
  bool ReadFrame(ByteReader& in, Frame& frame);
  void Load(Frame& frame);

  FrameSource& source_;
  std::vector<Frame> frames_;
  Cursor cursors_[2];
};

}  // namespace cistern
