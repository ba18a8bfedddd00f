// Stands between a client and gRPC's HTTP/2 and lets through what a decent client sends.
//
// gRPC 1.51 bounds neither how many streams a client opens only to reset them (CVE-2023-44487), nor what a
// header block costs before the client has acknowledged SETTINGS, nor how long a header goes on. The guard
// follows frames (RFC 9113, section 4) in both directions without decoding what is in them:
//  - each header block arrives whole, in at most kMaxHeaderBlock octets, without padding and priority, and
//    with a mark behind the last field of a new stream's, which tells the server on which connection the call
//    came;
//  - the server's SETTINGS hold from the first frame: an acknowledgement is put behind the client's SETTINGS
//    and the client's own is taken out, so octets of the client must not be fed before the server's SETTINGS;
//  - streams that are cut off, and SETTINGS, have a rate; frames nobody needs (PRIORITY, unknown) are left
//  out.
// It also counts how calls end, by what the server answers, so that those are there as well which gRPC
// refuses by itself.
//
// Memory: one header block, and HPACK's table of the server's. Threads: one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "service/door/call_counts.h"
#include "service/door/status_reader.h"

namespace cistern {

// Why a connection was ended.
enum class Http2Abuse : std::uint8_t {
  kNotHttp2,    // another protocol, or frames in an order that RFC 9113 forbids
  kHeaderSize,  // a header block that is too long or in too many pieces
  kResets,      // streams opened and cut off, again and again
  kSettings,    // SETTINGS, again and again
};

// A sentence without a full stop, for the client.
const char* TextOf(Http2Abuse abuse);

// So many at once, and so many a second.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;
  TokenBucket(double burst, double rate) : burst_(burst), rate_(rate), left_(burst) {}
  bool Take(Clock::time_point now);

 private:
  const double burst_, rate_;
  double left_;
  Clock::time_point last_{};
};

class Http2Guard {
 public:
  using Clock = TokenBucket::Clock;

  static constexpr std::size_t kMaxHeaderBlock = 16384;  // octets as sent, RFC 7541
  static constexpr int kMaxHeaderPieces = 32;            // frames of one block
  static constexpr std::size_t kMaxStreams = 1024;       // open at once; gRPC's own limit is lower

  // `mark`: a header field (RFC 7541, section 6.2.2) for the end of each header block. `calls` outlives it.
  Http2Guard(std::string mark, CallCounts& calls) : mark_(std::move(mark)), calls_(calls) {}
  // The calls that are still open were cut off.
  ~Http2Guard();

  // Takes octets of the client in pieces of any size and appends what goes on to the server. After an abuse
  // it is not to be fed any more.
  std::optional<Http2Abuse> FromClient(std::string_view octets, Clock::time_point now, std::string& out);
  // Takes octets of the server, which go to the client unchanged.
  std::optional<Http2Abuse> FromServer(std::string_view octets, Clock::time_point now);

  // The client has said that it speaks HTTP/2, and how.
  bool greeted() const { return greeted_; }
  std::size_t open_streams() const { return open_.size(); }
  // Where a frame of ours can be put behind what came from the server.
  bool server_between_frames() const { return server_.left == 0 && server_.head_size == 0; }
  // What the server has said of the end of the connection (GOAWAY).
  enum class Goodbye : std::uint8_t { kNone, kOrderly, kFault };
  Goodbye server_goodbye() const { return server_goodbye_; }
  // GOAWAY with ENHANCE_YOUR_CALM or PROTOCOL_ERROR and the text; without an abuse NO_ERROR and that it made
  // room.
  std::string LastWords(std::optional<Http2Abuse> abuse) const;
  // For a client to which the server has said nothing yet.
  static std::string EmptySettings();

 private:
  enum FrameType : std::uint8_t {
    kData = 0,
    kHeaders = 1,
    kResetStream = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8,
    kContinuation = 9,
  };
  static constexpr std::size_t kHeadSize = 9;

  // Finds the frames in a stream of octets.
  struct Frames {
    std::uint8_t head[kHeadSize] = {};
    std::size_t head_size = 0;  // octets of the head that are there
    std::size_t left = 0;       // octets of the payload that are to come
    // Takes octets of the head from the front; true once it is whole.
    bool ReadHead(std::string_view& octets);
    std::size_t length() const;
    std::uint8_t type() const { return head[3]; }
    std::uint8_t flags() const { return head[4]; }
    std::uint32_t stream() const;
  };

  bool ReadPreface(std::string_view& octets);
  std::optional<Http2Abuse> BeginFrame(Clock::time_point now, std::string& out);
  std::optional<Http2Abuse> BeginHeaders();
  std::optional<Http2Abuse> EndFrame(Clock::time_point now, std::string& out);
  std::optional<Http2Abuse> AddToBlock();
  void ReadServer(std::string_view payload);
  std::optional<Http2Abuse> EndServerFrame(Clock::time_point now);
  // The call was open, and ended so.
  bool EndCall(std::uint32_t stream, std::uint32_t status);
  void SendBlock(std::string& out);
  bool Open(std::uint32_t stream);

  const std::string mark_;
  CallCounts& calls_;
  Frames client_, server_;
  std::uint32_t error_code_ = 0;  // of the server's current RST_STREAM or GOAWAY
  StatusReader status_;           // of the server's header blocks
  Goodbye server_goodbye_ = Goodbye::kNone;
  bool answered_ = false;      // the server's current header block is its stream's last
  std::size_t preface_ = 0;    // octets of the preface that are there
  bool greeted_ = false;       // the client's first SETTINGS were passed on
  bool acknowledged_ = false;  // the client's own acknowledgement was taken out
  bool forward_ = false;       // the payload of the client's current frame goes on
  bool collect_ = false;       // it is part of a header block
  std::string piece_;          // payload of the current HEADERS or CONTINUATION
  std::string block_;          // what was in those before it
  int pieces_ = 0;             // frames of the block so far; 0: none is open
  std::uint32_t block_stream_ = 0;
  std::uint8_t block_flags_ = 0;
  std::uint32_t last_stream_ = 0;
  std::unordered_set<std::uint32_t> open_;
  TokenBucket resets_{100, 20}, settings_{100, 10};
};

}  // namespace cistern
