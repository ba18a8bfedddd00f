// Frames of HTTP/2 (RFC 9113) made by hand.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern::http2 {

inline constexpr std::uint8_t kData = 0, kHeaders = 1, kPriority = 2, kResetStream = 3, kSettings = 4,
                              kPush = 5, kPing = 6, kGoAway = 7, kWindowUpdate = 8, kContinuation = 9;
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kHasPriority = 0x20;
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string Number(std::uint32_t value, int octets) {
  std::string out;
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

inline std::string MakeFrame(std::uint8_t type, std::uint8_t flags = 0, std::uint32_t stream = 0,
                             std::string_view payload = "") {
  return Number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
         static_cast<char>(flags) + Number(stream, 4) + std::string(payload);
}

// How a client begins.
inline std::string Hello() { return std::string(kPreface) + MakeFrame(kSettings); }

}  // namespace cistern::http2
