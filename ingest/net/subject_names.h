// The alternative names (SAN) of a certificate, as text.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace cistern {

// Four or sixteen octets in network order; empty for any other number.
std::string AddressText(std::string_view octets);

// In their order: `dns:NAME`, `ip:ADDRESS`, `uri:URI`, `email:ADDRESS`; empty for a name of another kind.
std::vector<std::string> SubjectNames(const X509* certificate);

}  // namespace cistern
