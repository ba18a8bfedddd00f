// OpenSSL's objects, freed by themselves, and its errors in one line.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

namespace cistern::ctl {

struct OpensslFree {
  void operator()(X509* it) const { X509_free(it); }
  void operator()(EVP_PKEY* it) const { EVP_PKEY_free(it); }
  void operator()(BIO* it) const { BIO_free_all(it); }
  void operator()(X509_STORE* it) const { X509_STORE_free(it); }
  void operator()(X509_STORE_CTX* it) const { X509_STORE_CTX_free(it); }
  void operator()(X509_EXTENSION* it) const { X509_EXTENSION_free(it); }
};
using X509Ptr = std::unique_ptr<X509, OpensslFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;
using BioPtr = std::unique_ptr<BIO, OpensslFree>;
using Chain = std::vector<X509Ptr>;

// The newest error of this thread's queue, which is emptied.
std::string OpensslReason();

// `CN=web, O=Example`.
std::string NameText(const X509_NAME* name);
// ns since the Unix epoch.
std::int64_t TimeOf(const ASN1_TIME* time);

}  // namespace cistern::ctl
