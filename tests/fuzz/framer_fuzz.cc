// Decodes one stream twice, in one piece and in pieces that the input chooses: the frames must be the same.
//
// Input: framing, trailer, max_message and max_frame (one octet each), a seed for the piece sizes (two
// octets), then the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/framing/frame_decoder.h"

namespace cistern {
namespace {

struct Got {
  std::string octets;
  bool truncated;
  bool partial;
  bool counted;
  bool operator==(const Got&) const = default;
};

struct Outcome {
  std::vector<Got> frames;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

void Require(bool holds) {
  if (!holds) std::abort();
}

void Take(const Frame& frame, const FrameOptions& options, Outcome& outcome) {
  Require(frame.octets.size() <= options.max_message);
  Require(!frame.octets.empty());
  Require(!frame.truncated || frame.octets.size() == options.max_message);
  outcome.frames.push_back({std::string(frame.octets), frame.truncated, frame.partial, frame.counted});
}

template <class NextSize>
Outcome Decode(const FrameOptions& options, std::string_view stream, NextSize next_size) {
  FrameDecoder decoder(options);
  Outcome outcome;
  while (!stream.empty() && !decoder.failed()) {
    const std::string_view cut = stream.substr(0, next_size());
    stream.remove_prefix(cut.size());
    const std::vector<char> piece(cut.begin(), cut.end());
    decoder.Feed({piece.data(), piece.size()});
    while (const auto frame = decoder.Next()) Take(*frame, options, outcome);
    Require(decoder.buffered_bytes() <= std::max<std::size_t>(options.max_message, 10));
  }
  while (const auto frame = decoder.Finish()) Take(*frame, options, outcome);
  Require(!decoder.Next() && !decoder.in_frame());
  outcome.failed = decoder.failed();
  return outcome;
}

// Frames are made of the stream's octets, in order, and of nothing else.
void RequireSubsequence(const Outcome& outcome, std::string_view stream) {
  for (const Got& frame : outcome.frames) {
    const std::size_t at = stream.find(frame.octets);
    Require(at != std::string_view::npos);
    stream.remove_prefix(at + frame.octets.size());
  }
}

void RunOne(std::string_view input) {
  constexpr std::size_t kHeader = 6;
  if (input.size() < kHeader) return;
  const auto octet = [input](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
  const FrameOptions options{.framing = static_cast<Framing>(octet(0) % 3),
                             .trailer = static_cast<Trailer>(octet(1) % 4),
                             .max_message = 1u + octet(2),
                             .max_frame = 4u * octet(3)};
  const unsigned seed = octet(4) + 256u * octet(5);
  input.remove_prefix(kHeader);
  std::minstd_rand random(seed);
  const Outcome whole = Decode(options, input, [&] { return input.size(); });
  const Outcome pieces = Decode(options, input, [&] { return 1 + random() % (1 + seed % 60); });
  Require(whole == pieces);
  RequireSubsequence(whole, input);
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cistern::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
