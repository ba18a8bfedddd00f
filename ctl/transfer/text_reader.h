// Syslog messages of a text file: one a line, or octet-counted (RFC 6587).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ctl/transfer/byte_source.h"
#include "ingest/framing/frame_decoder.h"

namespace cistern::ctl {

inline constexpr std::size_t kMaxTextMessage = 1 << 20;  // octets kept of one message

// The file begins with an octet count and a PRI: `123 <13>1 ...`.
bool IsOctetCounted(std::string_view head);

// Cuts a source into frames. What begins with an octet count is counted throughout, but for lines in between
// that begin with `<`; anything else is lines. Empty frames are skipped.
class TextReader {
 public:
  // `source` outlives the reader. `max_message`: octets kept of one frame.
  explicit TextReader(ByteSource& source, std::size_t max_message = kMaxTextMessage);

  // The next frame, valid until the next call; nullopt at the end.
  Result<std::optional<Frame>, FileError> Next();

 private:
  ByteSource& source_;
  FrameDecoder decoder_;
  std::vector<char> buffer_;
  bool ended_ = false;
};

}  // namespace cistern::ctl
