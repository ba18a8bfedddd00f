// Durations, sizes and addresses as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

// Nanoseconds of `50ms`, `300s`, `1h30m`, `7d` (units d h m s ms us ns, largest first, each once), or of `0`.
std::optional<std::int64_t> ParseDuration(std::string_view text);
// The shortest text that ParseDuration turns back; `0s` for 0. Not for negative values.
std::string FormatDuration(std::int64_t nanoseconds);

// Bytes of `64KiB`, `50GiB`, `10MB`, `1000` (units B kB KB MB GB TB KiB MiB GiB TiB).
std::optional<std::uint64_t> ParseSize(std::string_view text);
// In the largest binary unit that divides it, else as a plain number.
std::string FormatSize(std::uint64_t bytes);

// A host and a port.
struct HostPort {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};
// `127.0.0.1:5140` or `[::1]:5140`.
std::optional<HostPort> ParseHostPort(std::string_view text);
// Likewise, or `logs.example.net:514`; the port is not 0.
std::optional<HostPort> ParseEndpoint(std::string_view text);

}  // namespace cistern
