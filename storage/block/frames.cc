#include "storage/block/frames.h"

#include <xxhash.h>

#include "storage/block/header.h"

namespace cistern {
namespace {

// A frame is closed once it holds this much.
constexpr std::size_t kFrameBytes = 64 << 10;

constexpr std::uint8_t kPlainBit = 1, kCompressedBit = 2;

}  // namespace

void FrameWriter::Clear() {
  for (ByteBuffer& open : open_) open.Clear();
  directory_.Clear();
  frames_.Clear();
  count_ = 0;
}

void FrameWriter::EndStream(StreamKind kind, Compressor& compressor) {
  if (open_[static_cast<std::size_t>(kind)].size() >= kFrameBytes) Close(kind, compressor);
}

void FrameWriter::Close(StreamKind kind, Compressor& compressor) {
  ByteBuffer& open = open_[static_cast<std::size_t>(kind)];
  if (open.empty()) return;
  const bool smaller = kind == StreamKind::kPlain && compressor.Compress(open.view(), compressed_);
  const std::string_view stored = smaller ? compressed_.view() : open.view();
  directory_.PutByte((kind == StreamKind::kPlain ? kPlainBit : 0) | (smaller ? kCompressedBit : 0));
  directory_.PutVarint(stored.size());
  if (smaller) directory_.PutVarint(open.size());
  directory_.PutFixed64(XXH3_64bits(stored.data(), stored.size()));
  frames_.PutBytes(stored);
  ++count_;
  open.Clear();
}

void FrameWriter::Finish(Compressor& compressor, ByteBuffer& directory) {
  Close(StreamKind::kPacked, compressor);
  Close(StreamKind::kPlain, compressor);
  directory.PutVarint(count_);
  directory.PutBytes(directory_.view());
}

bool FrameReader::ReadFrame(ByteReader& in, Frame& frame) {
  const std::uint8_t bits = in.Byte();
  frame.kind = (bits & kPlainBit) != 0 ? StreamKind::kPlain : StreamKind::kPacked;
  frame.compressed = (bits & kCompressedBit) != 0;
  frame.length = in.Varint();
  frame.raw_length = frame.compressed ? in.Varint() : frame.length;
  frame.checksum = in.Fixed64();
  return in.ok() && bits <= (kPlainBit | kCompressedBit) && frame.length != 0 && frame.raw_length != 0 &&
         frame.raw_length <= kMaxColumnBytes &&
         (!frame.compressed || CouldDecompressTo(frame.length, frame.raw_length));
}

bool FrameReader::Open(ByteReader& in) {
  std::uint64_t offset = 0;
  for (std::uint64_t count = in.Varint(); count != 0; --count) {
    Frame frame;
    if (!ReadFrame(in, frame)) return false;
    frame.offset = offset;
    if (frame.length > source_.size() - offset) return false;
    offset += frame.length;
    frames_.push_back(std::move(frame));
  }
  return in.ok() && offset == source_.size();
}

bool FrameReader::Next(StreamKind kind, std::uint64_t length, StreamPlace& place) {
  place = {0, 0, length};
  if (length == 0) return true;
  Cursor& cursor = cursors_[static_cast<std::size_t>(kind)];
  while (cursor.frame < frames_.size() &&
         (frames_[cursor.frame].kind != kind || cursor.offset == frames_[cursor.frame].raw_length))
    cursor = {cursor.frame + 1, 0};
  if (cursor.frame == frames_.size() || length > frames_[cursor.frame].raw_length - cursor.offset)
    return false;
  place.frame = static_cast<std::uint32_t>(cursor.frame);
  place.offset = cursor.offset;
  cursor.offset += length;
  return true;
}

void FrameReader::Load(Frame& frame) {
  frame.loaded = true;
  const auto stored = source_.Read(frame.offset, static_cast<std::size_t>(frame.length));
  if (!stored || !ChecksumFits(*stored, frame.checksum)) return;
  if (!frame.compressed) {
    frame.octets = stored;
    return;
  }
  const auto size = static_cast<std::size_t>(frame.raw_length);
  frame.buffer = std::make_unique_for_overwrite<char[]>(size);
  source_.Decoded(size);
  if (Decompress(*stored, frame.buffer.get(), size)) frame.octets.emplace(frame.buffer.get(), size);
}

std::optional<std::string_view> FrameReader::Read(const StreamPlace& place) {
  if (place.length == 0) return std::string_view{};
  Frame& frame = frames_[place.frame];
  if (!frame.loaded) Load(frame);
  if (!frame.octets) return std::nullopt;
  return frame.octets->substr(static_cast<std::size_t>(place.offset), static_cast<std::size_t>(place.length));
}

}  // namespace cistern
