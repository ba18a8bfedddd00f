#include "service/forward/stream_encoder.h"

#include <zlib.h>
#include <zstd.h>

#include <array>

namespace cistern {
namespace {

constexpr std::size_t kPiece = 64 << 10;

class GzipEncoder final : public StreamEncoder {
 public:
  GzipEncoder() {
    constexpr int kGzip = 15 + 16, kMemory = 8;
    ready_ =
        deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~GzipEncoder() override { deflateEnd(&stream_); }

  bool Add(std::string_view text, bool last, std::string& out) override {
    if (!ready_) return false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
      stream_.avail_out = static_cast<uInt>(piece_.size());
      if (deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_ERROR) return false;
      out.append(piece_.data(), piece_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return true;
  }

 private:
  z_stream stream_{};
  bool ready_ = false;
  std::array<char, kPiece> piece_;
};

class ZstdEncoder final : public StreamEncoder {
 public:
  bool Add(std::string_view text, bool last, std::string& out) override {
    if (!context_) return false;
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    for (;;) {
      ZSTD_outBuffer piece{piece_.data(), piece_.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context_.get(), &piece, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left)) return false;
      out.append(piece_.data(), piece.pos);
      if (last ? left == 0 : in.pos == in.size) return true;
    }
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context_{ZSTD_createCCtx()};
  std::array<char, kPiece> piece_;
};

}  // namespace

std::unique_ptr<StreamEncoder> MakeGzipEncoder() { return std::make_unique<GzipEncoder>(); }
std::unique_ptr<StreamEncoder> MakeZstdEncoder() { return std::make_unique<ZstdEncoder>(); }

}  // namespace cistern
