#include "service/access/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>

namespace cistern {
namespace {

constexpr char kPrefix[] = "cistern_";
constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::optional<std::string> MakeSecret() {
  std::array<std::uint8_t, 33> random{};  // a multiple of three: no padding
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return std::nullopt;
  std::string secret = kPrefix;
  for (std::size_t i = 0; i < random.size(); i += 3) {
    const unsigned bits = random[i] << 16 | random[i + 1] << 8 | random[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) secret += kDigits[bits >> shift & 63];
  }
  OPENSSL_cleanse(random.data(), random.size());
  return secret;
}

SecretHash HashOf(std::string_view secret) {
  SecretHash hash;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
  return hash;
}

bool SameHash(const SecretHash& a, const SecretHash& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string ToBytes(const SecretHash& hash) { return {hash.begin(), hash.end()}; }

std::optional<SecretHash> ToHash(std::string_view bytes) {
  SecretHash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace cistern
