#include "ctl/sender/endpoint.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace cistern::ctl {
namespace {

struct Scheme {
  std::string_view prefix;
  Endpoint::Kind kind;
  std::string_view port;
};

constexpr std::array<Scheme, 4> kSchemes = {{{"udp://", Endpoint::Kind::kUdp, "5140"},
                                             {"tcp://", Endpoint::Kind::kTcp, "5140"},
                                             {"tls://", Endpoint::Kind::kTls, "6514"},
                                             {"grpc://", Endpoint::Kind::kGrpc, "5141"}}};

bool IsPort(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 65535;
}

// Splits `HOST`, `HOST:PORT`, `[V6]` and `[V6]:PORT`. False when it is none of them.
bool SplitAddress(std::string_view text, Endpoint& endpoint) {
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    endpoint.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const std::size_t colon = text.find(':');
    endpoint.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (endpoint.host.empty()) return false;
  if (rest.empty()) return true;
  endpoint.port = rest.substr(1);
  return rest.front() == ':' && IsPort(endpoint.port);
}

}  // namespace

std::string Endpoint::Address() const {
  if (kind == Kind::kUnix) return path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + port;
}

Result<Endpoint, std::string> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  if (text == "grpc") {
    endpoint.kind = Endpoint::Kind::kGrpc;
    return endpoint;
  }
  if (text.starts_with("unix:") && text.size() > 5) {
    endpoint.kind = Endpoint::Kind::kUnix;
    endpoint.path = text.substr(5);
    if (endpoint.path.starts_with("//")) endpoint.path.erase(0, 2);
    return endpoint;
  }
  for (const Scheme& scheme : kSchemes) {
    if (!text.starts_with(scheme.prefix)) continue;
    endpoint.kind = scheme.kind;
    endpoint.port = scheme.port;
    if (SplitAddress(text.substr(scheme.prefix.size()), endpoint)) return endpoint;
  }
  return "\"" + std::string(text) +
         "\" is no target; expected udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH or grpc";
}

}  // namespace cistern::ctl
