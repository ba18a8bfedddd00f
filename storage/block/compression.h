// zstd with reused contexts.
#pragma once

#include <memory>
#include <string_view>

#include "storage/block/bytes.h"

struct ZSTD_CCtx_s;

namespace cistern {

// Level 1. One thread at a time.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  // Replaces `out`. False when it would not save at least a sixteenth, or `raw` is too short to try.
  bool Compress(std::string_view raw, ByteBuffer& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

// Whether a frame of `length` octets can hold `raw_length`: what is asked before room is made for a claim.
constexpr bool CouldDecompressTo(std::uint64_t length, std::uint64_t raw_length) {
  constexpr std::uint64_t kBlockBytes = 128 << 10, kMinStoredBlock = 4;
  return raw_length / kBlockBytes <= length / kMinStoredBlock;
}

// Fills exactly `size` octets at `out`; false when the frame is damaged or holds another number.
// Any thread: each has its own context.
bool Decompress(std::string_view frame, char* out, std::size_t size);

}  // namespace cistern
