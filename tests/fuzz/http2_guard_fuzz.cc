// What a client says, in one piece and in pieces, through the guard of gRPC: the same verdict and the same
// octets, and what goes on is frames, each header block with its mark and within its bound.
//
// Input: the size of the pieces (one octet), then what the client says behind the preface; 'r' as first octet
// of the rest feeds it as the server's instead.
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
};

Outcome Feed(std::string_view octets, std::size_t piece, bool from_server) {
  Http2Guard guard{std::string(kMark)};
  Outcome outcome;
  const Http2Guard::Clock::time_point now{std::chrono::seconds(1)};
  if (!from_server) outcome.abuse = guard.FromClient(kPreface, now, outcome.out);
  while (!octets.empty() && !outcome.abuse) {
    const std::string copy(octets.substr(0, piece));
    octets.remove_prefix(copy.size());
    outcome.abuse = from_server ? guard.FromServer(copy, now) : guard.FromClient(copy, now, outcome.out);
  }
  outcome.streams = guard.open_streams();
  return outcome;
}

std::size_t LengthOf(std::string_view head) {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(head[0])) << 16 |
         static_cast<std::size_t>(static_cast<std::uint8_t>(head[1])) << 8 |
         static_cast<std::uint8_t>(head[2]);
}

// Frames, the last one perhaps not whole; HEADERS and what continues them next to each other.
void RequireFrames(std::string_view octets) {
  Require(octets.substr(0, kPreface.size()) == kPreface);
  octets.remove_prefix(kPreface.size());
  std::string block;
  while (octets.size() >= 9) {
    const std::size_t length = LengthOf(octets);
    const int type = octets[3], flags = octets[4];
    const std::string_view payload = octets.substr(9, length);
    octets.remove_prefix(9 + payload.size());
    Require(type == 0 || length <= 16384);
    Require(type <= 9 && type != 2 && type != 5);
    Require(block.empty() == (type != 9));
    if (type != 1 && type != 9) continue;
    block += payload;
    if ((flags & 4) == 0) continue;
    Require(IsWholeFieldBlock(block) && block.ends_with(kMark) &&
            block.size() <= Http2Guard::kMaxHeaderBlock + kMark.size());
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
  Require(whole.abuse == pieces.abuse && whole.out == pieces.out && whole.streams == pieces.streams);
  if (!from_server) RequireFrames(whole.out);
  return 0;
}
