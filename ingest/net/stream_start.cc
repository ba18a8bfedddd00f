#include "ingest/net/stream_start.h"

#include "ingest/net/proxy_header.h"

namespace cistern {
namespace {

// Enough to tell; a header may well be longer.
constexpr std::size_t kTelling = 15;

}  // namespace

bool StreamStart::Look(std::string_view octets) {
  octets_ += octets.substr(0, kTelling - octets_.size());
  const auto status = ParseProxyHeader(octets_).status;
  known_ = status != ProxyHeader::Status::kPossible;
  return known_ && status != ProxyHeader::Status::kAbsent;
}

}  // namespace cistern
