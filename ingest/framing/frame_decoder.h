// Cuts a TCP or TLS byte stream into syslog frames (RFC 6587, RFC 5425). No I/O, no clock.
//
// Each frame is judged by its own first octet: a digit 1-9 may begin an octet count (at most 10 digits, one
// space, at most max_frame); anything else is a line, ended by LF, CRLF or NUL as `trailer` says. What looks
// like a count and is none is read as a line, so nothing is lost. Empty frames are skipped.
//
// Memory: a frame that lies whole in the fed octets is returned as a view into them. Only an unfinished frame
// is copied, at most max_message octets of it; nothing is ever allocated by a declared size.
// Threads: none of its own; one connection uses one decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

enum class Framing : std::uint8_t { kAuto, kOctetCounting, kLine };
// kAuto: LF ends a line; NUL does too where the next octet can begin a frame ('<' or 1-9) or the stream ends.
enum class Trailer : std::uint8_t { kAuto, kLf, kNul, kLfOrNul };

struct FrameOptions {
  Framing framing = Framing::kAuto;
  Trailer trailer = Trailer::kAuto;
  std::size_t max_message = 64 * 1024;  // octets kept of one message; the rest is skipped, staying in step
  std::size_t max_frame = 200'000;      // largest credible octet count
};

struct Frame {
  std::string_view octets;   // valid until the next Feed(), Next() or Finish()
  bool truncated = false;    // longer than max_message
  bool partial = false;      // the stream ended inside it
  bool counted = false;      // octet counting; else a line
};

class FrameDecoder {
 public:
  explicit FrameDecoder(const FrameOptions& options);

  // Gives the next octets of the stream. They must stay in place until Next() has returned nullopt.
  // Calling Feed() before that is a programming error.
  void Feed(std::string_view octets);
  // The next whole frame, or nullopt when more octets are needed or the stream has failed.
  std::optional<Frame> Next();
  // The stream has ended: returns the unfinished frame, if any, marked partial. Call until nullopt.
  std::optional<Frame> Finish();

  // Framing is lost (counted-only listener met something else): close the connection.
  bool failed() const { return failed_; }
  // An unfinished frame is being held: the partial-frame timeout runs.
  bool in_frame() const;
  // Octets owned by this decoder.
  std::size_t buffered_bytes() const;

 private:
  struct State;
  bool failed_ = false;
  // The owner of this file chooses the rest; keep sizeof(FrameDecoder) <= 128: ten thousand idle
  // connections have one each.
};

}  // namespace cistern
