#include "storage/care/sha256.h"

#include <openssl/evp.h>

#include <array>

namespace cistern {

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
  void Begin() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) { impl_->Begin(); }

Sha256::~Sha256() = default;

void Sha256::Add(std::string_view octets) { EVP_DigestUpdate(impl_->context, octets.data(), octets.size()); }

std::string Sha256::Finish() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(impl_->context, digest.data(), nullptr);
  impl_->Begin();
  std::string text;
  for (const unsigned char octet : digest) {
    text += kHex[octet >> 4];
    text += kHex[octet & 15];
  }
  return text;
}

}  // namespace cistern
