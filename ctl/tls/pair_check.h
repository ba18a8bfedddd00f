// What is wrong with a certificate file, its key and its chain.
#pragma once

#include <string>
#include <vector>

#include "ctl/printer/diagnosis.h"
#include "ctl/tls/chain.h"

namespace cistern::ctl {

struct PairFiles {
  std::string cert_file;
  std::string key_file;  // empty: not looked at
  std::string ca_file;   // empty: whom it leads to is not looked at
};

// Reads files only. Nothing that it says holds anything of a key.
std::vector<Diagnosis> CheckPair(const PairFiles& files, const ChainRules& rules);

}  // namespace cistern::ctl
