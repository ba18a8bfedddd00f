// Certificate chains as PEM files hold them.
#pragma once

#include <string>
#include <vector>

#include "ctl/printer/diagnosis.h"
#include "ctl/tls/openssl_types.h"
#include "ingest/message/result.h"

namespace cistern::ctl {

// At most 1 MiB; the error names the file.
Result<std::string, std::string> ReadWholeFile(const std::string& path);
// All certificates of the text in order, at least one. The error says what the text is instead.
Result<Chain, std::string> ReadChain(const std::string& path, const std::string& pem);

// What is looked at in a certificate whoever shows it.
struct ChainRules {
  bool client = false;   // it is shown by a client, not by a server
  std::string name;      // DNS name or address that it has to carry; empty: any
  std::int64_t now = 0;  // ns since the Unix epoch
};

// Dates, names, purposes, strength and order of `chain`, the leaf first.
void CheckChain(const Chain& chain, const ChainRules& rules, std::vector<Diagnosis>& found);
// Whether it leads to one of the authorities: a file, or empty for those of the system.
void CheckTrust(const Chain& chain, const ChainRules& rules, const std::string& ca_file,
                std::vector<Diagnosis>& found);

}  // namespace cistern::ctl
