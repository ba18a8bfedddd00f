#include "ingest/message/ip_address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace cistern {
namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kV4PrefixBits = 96;
constexpr int kAllBits = 128;

// Eight of the octets. Asked for each record: comparing them by a call costs more than all the rest.
std::uint64_t Half(const std::array<std::uint8_t, 16>& octets, std::size_t at) {
  std::uint64_t half;
  std::memcpy(&half, octets.data() + at, sizeof half);
  return half;
}

// Any part of `octets` behind the first `bits` bits becomes zero.
std::array<std::uint8_t, 16> Masked(std::array<std::uint8_t, 16> octets, int bits) {
  for (int i = 0; i < 16; ++i) {
    int keep = bits - i * 8;
    if (keep >= 8) continue;
    octets[i] &= keep <= 0 ? 0 : static_cast<std::uint8_t>(0xff << (8 - keep));
  }
  return octets;
}

}  // namespace

IpAddress IpAddress::V4(std::uint32_t host_order) {
  IpAddress address;
  std::memcpy(address.octets_.data(), kV4Prefix.data(), kV4Prefix.size());
  std::uint32_t network_order = htonl(host_order);
  std::memcpy(address.octets_.data() + kV4Prefix.size(), &network_order, sizeof network_order);
  return address;
}

IpAddress IpAddress::V6(const std::array<std::uint8_t, 16>& octets) {
  IpAddress address;
  address.octets_ = octets;
  return address;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  if (in_addr v4; inet_pton(AF_INET, buffer, &v4) == 1) return V4(ntohl(v4.s_addr));
  std::array<std::uint8_t, 16> octets;
  if (inet_pton(AF_INET6, buffer, octets.data()) == 1) return V6(octets);
  return std::nullopt;
}

bool IpAddress::present() const { return (Half(octets_, 0) | Half(octets_, 8)) != 0; }

bool IpAddress::is_v4() const {
  return Half(octets_, 0) == 0 && octets_[8] == 0 && octets_[9] == 0 && octets_[10] == 0xff &&
         octets_[11] == 0xff;
}

std::size_t IpAddress::Print(char* out) const {
  if (!present()) return 0;
  char buffer[INET6_ADDRSTRLEN];
  if (is_v4()) {
    inet_ntop(AF_INET, octets_.data() + kV4Prefix.size(), buffer, sizeof buffer);
  } else {
    inet_ntop(AF_INET6, octets_.data(), buffer, sizeof buffer);
  }
  std::size_t size = std::strlen(buffer);
  std::memcpy(out, buffer, size);
  return size;
}

std::string IpAddress::ToString() const {
  char buffer[INET6_ADDRSTRLEN];
  return std::string(buffer, Print(buffer));
}

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  std::size_t slash = text.find('/');
  auto address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  int first_bit = address->is_v4() && text.substr(0, slash).find(':') == text.npos ? kV4PrefixBits : 0;
  int bits = kAllBits - first_bit;
  if (slash != text.npos) {
    std::string_view digits = text.substr(slash + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (digits.front() == '-' || bits > kAllBits - first_bit) return std::nullopt;
  }
  IpNetwork network;
  network.prefix_bits_ = first_bit + bits;
  network.base_ = IpAddress::V6(Masked(address->octets(), network.prefix_bits_));
  return network;
}

bool IpNetwork::Contains(const IpAddress& address) const {
  if (!address.present() || (address.is_v4() && prefix_bits_ < kV4PrefixBits)) return false;
  return Masked(address.octets(), prefix_bits_) == base_.octets();
}

std::string IpNetwork::ToString() const {
  if (base_.is_v4()) return base_.ToString() + '/' + std::to_string(prefix_bits_ - kV4PrefixBits);
  std::string text = base_.present() ? base_.ToString() : "::";
  return text + '/' + std::to_string(prefix_bits_);
}

}  // namespace cistern
