#include "storage/block/compression.h"

#include <zstd.h>

namespace cistern {
namespace {

constexpr int kLevel = 1;
// Below this a frame costs more time than it saves space.
constexpr std::size_t kMinRawBytes = 160;

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Compressor::Compressor() : context_(ZSTD_createCCtx()) {}
Compressor::~Compressor() = default;

bool Compressor::Compress(std::string_view raw, ByteBuffer& out) {
  if (raw.size() < kMinRawBytes || !context_) return false;
  const std::size_t bound = ZSTD_compressBound(raw.size());
  out.Clear();
  const std::size_t size =
      ZSTD_compressCCtx(context_.get(), out.Reserve(bound), bound, raw.data(), raw.size(), kLevel);
  if (ZSTD_isError(size) || size > raw.size() - raw.size() / 16) return false;
  out.Commit(size);
  return true;
}

bool Decompress(std::string_view frame, char* out, std::size_t size) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  if (!context) return false;
  return ZSTD_decompressDCtx(context.get(), out, size, frame.data(), frame.size()) == size;
}

}  // namespace cistern
