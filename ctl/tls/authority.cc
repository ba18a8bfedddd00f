#include "ctl/tls/authority.h"

#include <openssl/rand.h>

#include <array>

#include "ingest/message/ip_address.h"

namespace cistern::ctl {
namespace {

constexpr long kDaySeconds = 24 * 60 * 60;
constexpr long kClockSlackSeconds = 5 * 60;  // valid a little before now: clocks differ
constexpr std::size_t kSerialOctets = 16;

bool AddExtension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, OpensslFree> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// A random, positive number.
bool SetSerial(X509* certificate) {
  std::array<unsigned char, kSerialOctets> octets;
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) return false;
  octets[0] = static_cast<unsigned char>((octets[0] & 0x7f) | 0x40);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
      BN_bin2bn(octets.data(), static_cast<int>(octets.size()), nullptr), BN_free);
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetCommonName(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

// Everything but the issuer, the extensions and the signature. Null when OpenSSL refuses something.
X509Ptr Draft(const std::string& name, EVP_PKEY* key, int days) {
  X509Ptr certificate(X509_new());
  const bool made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    SetSerial(certificate.get()) &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSlackSeconds) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * kDaySeconds) != nullptr &&
                    SetCommonName(certificate.get(), name) && X509_set_pubkey(certificate.get(), key) == 1;
  return made ? std::move(certificate) : nullptr;
}

std::string Written(BIO* out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

Result<PemPair, std::string> ToPem(X509* certificate, EVP_PKEY* key) {
  const BioPtr first(BIO_new(BIO_s_mem())), second(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(first.get(), certificate) != 1 ||
      PEM_write_bio_PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return {boost::system::in_place_error, OpensslReason()};
  return PemPair{Written(first.get()), Written(second.get())};
}

// The extension's own syntax: a comma or a colon in a name would begin another.
Result<std::string, std::string> AlternativeNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const bool address = IpAddress::Parse(name).has_value();
    if (name.empty() || (!address && name.find_first_of(", \t\r\n:;/\\\"") != std::string::npos))
      return {boost::system::in_place_error, "\"" + name + "\" is no DNS name and no IP address"};
    text += (text.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  return {boost::system::in_place_value, text};
}

}  // namespace

Result<Authority, std::string> Authority::Create(const std::string& name, int days) {
  KeyPtr key(EVP_EC_gen("P-256"));
  X509Ptr certificate = key ? Draft(name, key.get(), days) : nullptr;
  X509* const self = certificate.get();
  const bool made = certificate && X509_set_issuer_name(self, X509_get_subject_name(self)) == 1 &&
                    AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    AddExtension(self, self, NID_subject_key_identifier, "hash") &&
                    X509_sign(self, key.get(), EVP_sha256()) != 0;
  if (!made) return "cannot make an authority: " + OpensslReason();
  return Authority(std::move(certificate), std::move(key));
}

Result<Authority, std::string> Authority::Load(const PemPair& pem) {
  const BioPtr first(BIO_new_mem_buf(pem.certificate.data(), static_cast<int>(pem.certificate.size())));
  const BioPtr second(BIO_new_mem_buf(pem.key.data(), static_cast<int>(pem.key.size())));
  X509Ptr certificate(PEM_read_bio_X509(first.get(), nullptr, nullptr, nullptr));
  if (!certificate) return "the authority's certificate cannot be read: " + OpensslReason();
  char no_password[] = "";
  KeyPtr key(PEM_read_bio_PrivateKey(second.get(), nullptr, nullptr, no_password));
  if (!key) return "the authority's key cannot be read: " + OpensslReason();
  if (X509_check_private_key(certificate.get(), key.get()) != 1)
    return std::string("the authority's key does not belong to its certificate");
  if (X509_check_ca(certificate.get()) == 0)
    return std::string("the authority's certificate may not sign others");
  return Authority(std::move(certificate), std::move(key));
}

Result<PemPair, std::string> Authority::Issue(const std::vector<std::string>& names, Purpose purpose,
                                              int days) const {
  const auto alternatives = AlternativeNames(names);
  if (!alternatives) return {boost::system::in_place_error, alternatives.error()};
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate = key ? Draft(names.front(), key.get(), days) : nullptr;
  X509 *const it = certificate.get(), *const issuer = certificate_.get();
  const bool made = certificate && X509_set_issuer_name(it, X509_get_subject_name(issuer)) == 1 &&
                    AddExtension(it, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(it, issuer, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(it, issuer, NID_ext_key_usage,
                                 purpose == Purpose::kServer ? "serverAuth" : "clientAuth") &&
                    AddExtension(it, issuer, NID_subject_alt_name, *alternatives) &&
                    AddExtension(it, issuer, NID_subject_key_identifier, "hash") &&
                    AddExtension(it, issuer, NID_authority_key_identifier, "keyid") &&
                    X509_sign(it, key_.get(), EVP_sha256()) != 0;
  if (!made)
    return {boost::system::in_place_error,
            "cannot make a certificate for " + names.front() + ": " + OpensslReason()};
  return ToPem(it, key.get());
}

Result<PemPair, std::string> Authority::Pem() const { return ToPem(certificate_.get(), key_.get()); }

}  // namespace cistern::ctl
