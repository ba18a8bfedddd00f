// Secrets of tokens: made from the system's random numbers, kept as SHA-256, compared in constant time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

using SecretHash = std::array<std::uint8_t, 32>;

// `cistern_` and 256 random bits in base64url. Empty: the system has no random numbers to give.
std::optional<std::string> MakeSecret();

SecretHash HashOf(std::string_view secret);
// Takes the same time wherever they differ.
bool SameHash(const SecretHash& a, const SecretHash& b);

std::string ToBytes(const SecretHash& hash);
// Empty: it has another length.
std::optional<SecretHash> ToHash(std::string_view bytes);

}  // namespace cistern
