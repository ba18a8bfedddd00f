// Judges the first octets of a connection in one piece, growing octet by octet, and read from a socket in
// pieces: the answers must be the same, and what follows a header must stay in the socket.
//
// Input: the size of the first piece (one octet), then the stream.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ingest/net/proxy_header.h"
#include "ingest/net/proxy_reader.h"
#include "ingest/net/stream_start.h"

namespace cistern {
namespace {

using Status = ProxyHeader::Status;

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Waits(Status status) { return status == Status::kPossible || status == Status::kBegun; }

void RequireSame(const ProxyHeader& a, const ProxyHeader& b) {
  Require(a.status == b.status && a.size == b.size && a.sender == b.sender && a.port == b.port);
}

void RequireSound(const ProxyHeader& header, std::string_view stream) {
  const bool complete = header.status == Status::kComplete;
  Require(complete == (header.size > 0));
  Require(header.size <= std::min(stream.size(), kLongestProxyHeader));
  Require(complete || !header.sender.present());
  Require(header.sender.present() || header.port == 0);
  Require((header.status == Status::kMalformed) == (*header.problem != '\0'));
  Require(!Waits(header.status) || stream.size() < kLongestProxyHeader);
}

// More octets change nothing once it can be told.
void GrowOctetByOctet(std::string_view stream, const ProxyHeader& whole) {
  Status last = Status::kPossible;
  for (std::size_t size = 0; size <= std::min<std::size_t>(stream.size(), 300); ++size) {
    const std::string copy(stream.substr(0, size));
    const ProxyHeader header = ParseProxyHeader(copy);
    RequireSound(header, copy);
    Require(header.status >= last);
    last = header.status;
    if (!Waits(header.status)) return RequireSame(header, whole);
  }
}

void WatchInPieces(std::string_view stream, std::size_t first, Status status) {
  StreamStart start;
  bool header = start.IsProxyHeader(stream.substr(0, first));
  for (std::size_t i = first; i < stream.size() && !header; ++i)
    header = start.IsProxyHeader(stream.substr(i, 1));
  Require(header == (status != Status::kPossible && status != Status::kAbsent));
}

void ReadFromSocket(std::string_view stream, std::size_t first, const ProxyHeader& whole) {
  static const auto kPair = [] {
    std::array<int, 2> fds{};
    Require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
    return fds;
  }();
  ProxyReader reader;
  StreamStatus status = StreamStatus::kWantRead;
  for (const std::string_view piece : {stream.substr(0, first), stream.substr(first)}) {
    if (piece.empty()) continue;
    Require(::send(kPair[1], piece.data(), piece.size(), 0) == static_cast<ssize_t>(piece.size()));
    if (status == StreamStatus::kWantRead) status = reader.Read(kPair[0]);
  }
  std::array<char, 8192> rest;
  const ssize_t left = std::max<ssize_t>(0, ::recv(kPair[0], rest.data(), rest.size(), 0));
  Require((status == StreamStatus::kWantRead) == Waits(whole.status));
  if (status != StreamStatus::kDone) return;
  Require(reader.header().status == whole.status);
  if (whole.status != Status::kComplete) return;
  RequireSame(reader.header(), whole);
  Require(std::string_view(rest.data(), static_cast<std::size_t>(left)) == stream.substr(whole.size));
}

void RunOne(std::string_view input) {
  if (input.empty() || input.size() > 6000) return;
  const auto seed = static_cast<std::uint8_t>(input.front());
  input.remove_prefix(1);
  const std::size_t first = std::min<std::size_t>(seed, input.size());
  const ProxyHeader whole = ParseProxyHeader(input);
  RequireSound(whole, input);
  GrowOctetByOctet(input, whole);
  WatchInPieces(input, first, whole.status);
  ReadFromSocket(input, first, whole);
}

}  // namespace
}  // namespace cistern

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cistern::RunOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
