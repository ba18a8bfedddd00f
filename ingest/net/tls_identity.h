// The names in a verified certificate.
#pragma once

#include <openssl/types.h>

#include <string>
#include <vector>

namespace cistern {

// See TlsSession::PeerIdentity. Names with octets outside printable ASCII are passed over.
std::string CertificateIdentity(const X509* certificate);
// As SubjectNames(), of the certificate that the peer showed. Empty: it showed none, or it was not verified.
std::vector<std::string> NamesOfPeer(const SSL* connection);

}  // namespace cistern
