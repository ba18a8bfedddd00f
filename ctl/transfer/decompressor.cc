#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>

#include "ctl/transfer/byte_source.h"

namespace cistern::ctl {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, gzip framing only

// A file may hold several members, one behind the other.
class Gzip final : public Decompressor {
 public:
  Gzip() { ready_ = inflateInit2(&stream_, kGzipWindow) == Z_OK; }
  ~Gzip() override { inflateEnd(&stream_); }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::size_t Run(std::string_view& in, char* out, std::size_t size, bool& good) override {
    constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
    good = ready_;
    if (!good) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min(size, kMost));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room && (!in.empty() || held_)) {
      if (at_end_) inflateReset(&stream_);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
      stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMost));
      const uInt before = stream_.avail_in;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      in.remove_prefix(before - stream_.avail_in);
      at_end_ = result == Z_STREAM_END;
      good = result == Z_OK || result == Z_BUF_ERROR || at_end_;
      if (!good) return 0;
      held_ = stream_.avail_out == 0 && !at_end_;
    }
    return room - stream_.avail_out;
  }
  bool complete() const override { return at_end_; }

 private:
  z_stream stream_{};
  bool ready_ = false, at_end_ = false;
  bool held_ = false;  // more output may come without more input
};

class Zstd final : public Decompressor {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {}
  ~Zstd() override { ZSTD_freeDCtx(context_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  std::size_t Run(std::string_view& in, char* out, std::size_t size, bool& good) override {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer to{out, size, 0};
    good = context_ != nullptr;
    // A frame may be finished with its output still held back: it is asked for without input, too.
    while (good && to.pos == 0 && (from.pos < from.size || held_)) {
      const std::size_t result = ZSTD_decompressStream(context_, &to, &from);
      good = ZSTD_isError(result) == 0;
      complete_ = result == 0;
      held_ = to.pos == to.size && !complete_;
    }
    in.remove_prefix(from.pos);
    return good ? to.pos : 0;
  }
  bool complete() const override { return complete_; }

 private:
  ZSTD_DCtx* context_;
  bool complete_ = false, held_ = false;
};

}  // namespace

std::unique_ptr<Decompressor> MakeGzipDecompressor() { return std::make_unique<Gzip>(); }
std::unique_ptr<Decompressor> MakeZstdDecompressor() { return std::make_unique<Zstd>(); }

}  // namespace cistern::ctl
