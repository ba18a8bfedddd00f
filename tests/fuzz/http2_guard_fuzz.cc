// What a client says, in one piece and in pieces, through the guard of gRPC: the same verdict and the same
// octets, and what goes on is frames, each header block whole and within its bound, that of a new stream with
// its mark.
//
// Input: the size of the pieces (one octet), then what the client says behind the preface; 'r' as first octet
// of the rest feeds it as the server's instead.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "service/door/hpack.h"
#include "service/door/http2_guard.h"

namespace cistern {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::string_view kMark = "\x10\x04mark\x01x";

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string out;
  std::optional<Http2Abuse> abuse;
  std::size_t streams = 0;
  std::array<std::uint64_t, kStatusCodes> calls{};
};

Outcome Feed(std::string_view octets, std::size_t piece, bool from_server) {
  CallCounts calls;
  Http2Guard guard(std::string(kMark), calls);
  Outcome outcome;
  const Http2Guard::Clock::time_point now{std::chrono::seconds(1)};
  if (!from_server) outcome.abuse = guard.FromClient(kPreface, now, outcome.out);
  while (!octets.empty() && !outcome.abuse) {
    const std::string copy(octets.substr(0, piece));
    octets.remove_prefix(copy.size());
    outcome.abuse = from_server ? guard.FromServer(copy, now) : guard.FromClient(copy, now, outcome.out);
  }
  outcome.streams = guard.open_streams();
  outcome.calls = calls.Read();
  return outcome;
}

std::size_t LengthOf(std::string_view head) {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(head[0])) << 16 |
         static_cast<std::size_t>(static_cast<std::uint8_t>(head[1])) << 8 |
         static_cast<std::uint8_t>(head[2]);
}

std::uint32_t StreamOf(std::string_view head) {
  std::uint32_t stream = 0;
  for (const char octet : head.substr(5, 4)) stream = stream << 8 | static_cast<std::uint8_t>(octet);
  return stream & 0x7fffffff;
}

// Frames, the last one perhaps not whole; HEADERS and what continues them next to each other.
void RequireFrames(std::string_view octets) {
  Require(octets.substr(0, kPreface.size()) == kPreface);
  octets.remove_prefix(kPreface.size());
  std::string block;
  std::uint32_t last_stream = 0;
  while (octets.size() >= 9) {
    const std::size_t length = LengthOf(octets);
    const int type = octets[3], flags = octets[4];
    const std::uint32_t stream = StreamOf(octets);
    const std::string_view payload = octets.substr(9, length);
    octets.remove_prefix(9 + payload.size());
    Require(type == 0 || length <= 16384);
    Require(type <= 9 && type != 2 && type != 5);
    Require(block.empty() == (type != 9));
    if (type != 1 && type != 9) continue;
    block += payload;
    if ((flags & 4) == 0) continue;
    const bool opens = stream > last_stream;
    last_stream = std::max(last_stream, stream);
    Require(IsWholeFieldBlock(block) && (!opens || block.ends_with(kMark)));
    Require(block.size() <= Http2Guard::kMaxHeaderBlock + (opens ? kMark.size() : 0));
    block.clear();
  }
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cistern;  // NOLINT
  if (size < 2) return 0;
  std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool from_server = octets.front() == 'r';
  if (from_server) octets.remove_prefix(1);
  const Outcome whole = Feed(octets, octets.size(), from_server);
  const Outcome pieces = Feed(octets, std::size_t{data[0]} + 1, from_server);
  Require(whole.abuse == pieces.abuse && whole.out == pieces.out && whole.streams == pieces.streams &&
          whole.calls == pieces.calls);
  if (!from_server) RequireFrames(whole.out);
  return 0;
}
