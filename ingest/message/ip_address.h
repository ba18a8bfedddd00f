// An IPv4 or IPv6 address and a CIDR network, as values of 16 octets.
//
// IPv4 is held as ::ffff:a.b.c.d, so that one comparison serves both families. The unspecified
// address `::` stands for "no address" (records from a Unix socket or made by the daemon itself).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

class IpAddress {
 public:
  IpAddress() = default;
  static IpAddress V4(std::uint32_t host_order);
  // Sixteen octets in network order; an IPv4-mapped address becomes IPv4.
  static IpAddress V6(const std::array<std::uint8_t, 16>& octets);
  // Accepts `192.0.2.1`, `2001:db8::1` and `::ffff:192.0.2.1`. No port, zone id or brackets.
  static std::optional<IpAddress> Parse(std::string_view text);

  // False for a default-constructed address.
  bool present() const;
  bool is_v4() const;
  const std::array<std::uint8_t, 16>& octets() const { return octets_; }
  // `192.0.2.1` or RFC 5952 text; empty when not present.
  std::string ToString() const;
  // As ToString, without allocation. `out` holds at least 46 characters; returns the length.
  std::size_t Print(char* out) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
};

class IpNetwork {
 public:
  IpNetwork() = default;
  // `10.0.0.0/8`, `2001:db8::/32`, or one address. Host bits that are set are ignored.
  static std::optional<IpNetwork> Parse(std::string_view text);

  bool Contains(const IpAddress& address) const;
  // 0-128; an IPv4 /8 is 104.
  int prefix_bits() const { return prefix_bits_; }
  std::string ToString() const;
  bool operator==(const IpNetwork&) const = default;

 private:
  IpAddress base_;
  int prefix_bits_ = 0;
};

}  // namespace cistern
