#include "ingest/net/subject_names.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

std::string_view View(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string NameOf(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return "dns:" + std::string(View(name.d.dNSName));
    case GEN_IPADD:
      return "ip:" + AddressText(View(name.d.iPAddress));
    case GEN_URI:
      return "uri:" + std::string(View(name.d.uniformResourceIdentifier));
    case GEN_EMAIL:
      return "email:" + std::string(View(name.d.rfc822Name));
    default:
      return {};
  }
}

}  // namespace

std::string AddressText(std::string_view octets) {
  std::array<std::uint8_t, 16> address{};
  if (octets.size() == 4) {
    address[10] = address[11] = 0xff;
    std::copy(octets.begin(), octets.end(), address.begin() + 12);
  } else if (octets.size() == 16) {
    std::copy(octets.begin(), octets.end(), address.begin());
  }
  return IpAddress::V6(address).ToString();
}

std::vector<std::string> SubjectNames(const X509* certificate) {
  std::vector<std::string> names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> found(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; found && i < sk_GENERAL_NAME_num(found.get()); ++i)
    names.push_back(NameOf(*sk_GENERAL_NAME_value(found.get(), i)));
  return names;
}

}  // namespace cistern
