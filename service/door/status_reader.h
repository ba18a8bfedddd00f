// Reads how calls end in what a server of gRPC says: the field `grpc-status` of its header blocks, which
// libnghttp2 decodes (HPACK, RFC 7541). Blocks depend on those before them, so all of a connection's pass
// through here, in order. Memory: HPACK's table, 4 KiB, from the first block on. Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

struct nghttp2_hd_inflater;

namespace cistern {

class StatusReader {
 public:
  // A piece of the payload of HEADERS or CONTINUATION without padding; `ends_block`: the block's last one.
  void Take(std::string_view piece, bool ends_block);
  // Of the last block that ended. Empty: it had none, or there was something that could not be decoded, after
  // which nothing is.
  std::optional<std::uint32_t> status() const { return status_; }
  // What came cannot be decoded.
  void GiveUp();

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
  bool gave_up_ = false;
  bool in_block_ = false;
  std::optional<std::uint32_t> status_;
};

}  // namespace cistern
