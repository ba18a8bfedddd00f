#include "ingest/message/network_set.h"

#include <algorithm>
#include <string_view>

namespace cistern {
namespace {

constexpr int kV4PrefixBits = 96;

// `octets` with all bits behind the first `bits` set to those of `fill`, 0x00 or 0xff.
std::array<std::uint8_t, 16> Filled(std::array<std::uint8_t, 16> octets, int bits, std::uint8_t fill) {
  for (int i = 0; i < 16; ++i) {
    const int keep = std::clamp(bits - i * 8, 0, 8);
    const auto mask = static_cast<std::uint8_t>(0xff00 >> keep);
    octets[i] = static_cast<std::uint8_t>((octets[i] & mask) | (fill & ~mask));
  }
  return octets;
}

}  // namespace

std::optional<NetworkSet> NetworkSet::Parse(const std::vector<std::string>& networks) {
  NetworkSet set;
  for (const std::string_view text : networks) {
    const auto network = IpNetwork::Parse(text);
    const auto address = IpAddress::Parse(text.substr(0, text.find('/')));
    if (!network || !address) return std::nullopt;
    const int bits = network->prefix_bits();
    const bool v4 = address->is_v4() && bits >= kV4PrefixBits;
    (v4 ? set.v4_ : set.v6_)
        .push_back({Filled(address->octets(), bits, 0x00), Filled(address->octets(), bits, 0xff)});
  }
  Merge(set.v4_);
  Merge(set.v6_);
  return set;
}

// Networks lie within each other or apart: only those within a larger one have to go.
void NetworkSet::Merge(Ranges& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  const auto within = [](const Range& larger, const Range& range) { return range.last <= larger.last; };
  ranges.erase(std::unique(ranges.begin(), ranges.end(), within), ranges.end());
}

bool NetworkSet::Contains(const IpAddress& address) const {
  if (!address.present()) return false;
  const Ranges& ranges = address.is_v4() ? v4_ : v6_;
  const auto behind =
      std::upper_bound(ranges.begin(), ranges.end(), address.octets(),
                       [](const auto& octets, const Range& range) { return octets < range.first; });
  return behind != ranges.begin() && address.octets() <= std::prev(behind)->last;
}

}  // namespace cistern
