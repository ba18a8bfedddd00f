// The name in a verified certificate.
#pragma once

#include <openssl/types.h>

#include <string>

namespace cistern {

// See TlsSession::PeerIdentity. Names with octets outside printable ASCII are passed over.
std::string CertificateIdentity(const X509* certificate);

}  // namespace cistern
