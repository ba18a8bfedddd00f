// Cuts a TCP or TLS byte stream into syslog frames (RFC 6587, RFC 5425). No I/O, no clock.
//
// Each frame is judged by its own first octet: a digit 1-9 may begin an octet count (at most 10 digits, one
// space, at most max_frame); anything else is a line, ended by LF, CRLF or NUL as `trailer` says. What looks
// like a count and is none is read as a line, so nothing is lost. Empty frames are skipped. How the stream is
// cut into Feed() calls never changes the frames.
//
// Memory: a frame that lies whole in the fed octets is returned as a view into them. Only an unfinished frame
// is copied, at most max_message octets of it; nothing is ever allocated by a declared size.
// Threads: none of its own; one connection uses one decoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cistern {

// kOctetCounting: counted frames only; anything else but line ends between them fails the stream.
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
  std::string_view octets;  // valid until the next Feed(), Next() or Finish()
  bool truncated = false;   // longer than max_message
  bool partial = false;     // the stream ended inside it
  bool counted = false;     // octet counting; else a line
};

class FrameDecoder {
 public:
  explicit FrameDecoder(const FrameOptions& options) : options_(options) {}

  // Gives the next octets of the stream. They must stay in place until Next() has returned nullopt.
  // Calling Feed() before that is a programming error.
  void Feed(std::string_view octets);
  // The next whole frame, or nullopt when more octets are needed or the stream has failed.
  std::optional<Frame> Next();
  // The stream has ended: returns the unfinished frame, if any, marked partial. Call until nullopt.
  std::optional<Frame> Finish();

  // Framing is lost (counted-only listener met something else): close the connection.
  bool failed() const { return failed_; }
  // An unfinished frame is being held: the partial-frame timeout runs. False for a line that waits only to
  // see whether the NUL behind it was its end.
  bool in_frame() const { return stage_ != Stage::kStart && !nul_pending_; }
  // Octets owned by this decoder.
  std::size_t buffered_bytes() const { return held_.capacity(); }

 private:
  enum class Stage : std::uint8_t { kStart, kCount, kCounted, kLine };

  void Begin();
  void ReadCount();
  std::optional<Frame> ReadCounted();
  std::optional<Frame> ReadLine();
  std::size_t FindLineEnd();
  std::size_t FindLf();
  std::optional<Frame> EndLine(std::size_t piece, bool terminator_in_input);
  void Hold(std::string_view octets);
  Frame Deliver(std::string_view octets, std::size_t length);
  void ReleaseDelivered();
  void NotACount();

  FrameOptions options_;
  std::string_view input_;         // fed and not consumed
  const char* next_lf_ = nullptr;  // the first LF at or behind input_.data(), or the input's end
  std::vector<char> held_;         // the unfinished frame's first octets, at most max_message
  std::size_t length_ = 0;         // octets of the unfinished frame seen so far, kept or not
  std::uint64_t count_ = 0;        // octet count, complete in kCounted
  Stage stage_ = Stage::kStart;
  char last_ = 0;               // last octet of the unfinished line
  bool nul_pending_ = false;    // the unfinished line ends in a NUL that the next octet will judge
  bool after_counted_ = false;  // the previous frame was counted
  bool delivered_ = false;      // held_ belongs to a frame that was returned
  bool failed_ = false;
};

static_assert(sizeof(FrameDecoder) <= 128, "ten thousand idle connections have one each");

}  // namespace cistern
