#include "ingest/net/tls_identity.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "ingest/net/subject_names.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxIdentity = 255;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string_view View(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string Printable(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  return plain ? std::string(name.substr(0, kMaxIdentity)) : "";
}

// The first usable alternative name of `type`.
std::string FirstOf(const GENERAL_NAMES* names, int type) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int found = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &found));
    if (found != type) continue;
    std::string name = type == GEN_IPADD ? AddressText(View(value)) : Printable(View(value));
    if (!name.empty()) return name;
  }
  return "";
}

std::string CommonName(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return "";
  const auto text = View(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return plain ? std::string(text.substr(0, kMaxIdentity)) : "";
}

}  // namespace

std::string CertificateIdentity(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (const int type : {GEN_DNS, GEN_URI, GEN_IPADD, GEN_EMAIL}) {
    if (!names) break;
    if (std::string name = FirstOf(names.get(), type); !name.empty()) return name;
  }
  return CommonName(certificate);
}

std::vector<std::string> NamesOfPeer(const SSL* connection) {
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  return SubjectNames(certificate);
}

}  // namespace cistern
