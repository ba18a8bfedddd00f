// A small certificate authority for a trial. Keys are EC P-256, signatures SHA-256, everything PEM.
//
// Errors are one sentence. Threads: one at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/tls/openssl_types.h"
#include "ingest/message/result.h"

namespace cistern::ctl {

struct PemPair {
  std::string certificate, key;
};

class Authority {
 public:
  enum class Purpose : std::uint8_t { kServer, kClient };

  static Result<Authority, std::string> Create(const std::string& name, int days);
  // Takes one up that was made before. The error names what does not fit.
  static Result<Authority, std::string> Load(const PemPair& pem);

  // `names` are DNS names or IP addresses, the first of them also the common name; at least one.
  Result<PemPair, std::string> Issue(const std::vector<std::string>& names, Purpose purpose, int days) const;
  Result<PemPair, std::string> Pem() const;

 private:
  Authority(X509Ptr certificate, KeyPtr key) : certificate_(std::move(certificate)), key_(std::move(key)) {}

  X509Ptr certificate_;
  KeyPtr key_;
};

}  // namespace cistern::ctl
