#include "ctl/tls/pair_check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

namespace cistern::ctl {
namespace {

using Level = Diagnosis::Level;

// A server cannot ask for a password.
int NoPassword(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

struct Key {
  KeyPtr key;
  bool needs_password = false;
};

Key ReadKey(const std::string& pem) {
  Key key;
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  key.key.reset(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassword, &key.needs_password));
  return key;
}

void CheckMatch(const Chain& chain, EVP_PKEY* key, const std::string& path, std::vector<Diagnosis>& found) {
  const auto of = std::find_if(chain.begin(), chain.end(), [&](const X509Ptr& certificate) {
    return X509_check_private_key(certificate.get(), key) == 1;
  });
  (void)OpensslReason();  // what did not match
  if (of == chain.begin())
    return found.push_back({Level::kOk, "key", path + " belongs to the certificate", ""});
  if (of == chain.end())
    return found.push_back({Level::kWrong, "key", path + " belongs to another certificate",
                            "use the key that the certificate was requested with"});
  found.push_back({Level::kWrong, "key",
                   fmt::format("{} belongs to certificate {} of the file, not to the first one", path,
                               of - chain.begin() + 1),
                   "put that certificate first"});
}

void CheckMode(const std::string& path, std::vector<Diagnosis>& found) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & S_IROTH) == 0) return;
  found.push_back({Level::kWarning, "key", path + " can be read by everybody", "chmod 640 " + path});
}

void CheckKey(const Chain& chain, const std::string& path, std::vector<Diagnosis>& found) {
  const auto pem = ReadWholeFile(path);
  if (!pem) return found.push_back({Level::kWrong, "key", pem.error(), ""});
  const Key key = ReadKey(*pem);
  if (key.needs_password)
    return found.push_back({Level::kWrong, "key", path + " is protected by a password",
                            "take it away: openssl pkey -in FILE -out FILE.open"});
  if (!key.key) {
    const bool certificate = pem->find("BEGIN CERTIFICATE") != std::string::npos;
    const std::string reason = OpensslReason();
    return found.push_back(
        {Level::kWrong, "key",
         certificate ? path + " holds a certificate and no key" : path + " is no key: " + reason, ""});
  }
  CheckMatch(chain, key.key.get(), path, found);
  CheckMode(path, found);
}

}  // namespace

std::vector<Diagnosis> CheckPair(const PairFiles& files, const ChainRules& rules) {
  std::vector<Diagnosis> found;
  const auto pem = ReadWholeFile(files.cert_file);
  if (!pem) return {{Level::kWrong, "certificate", pem.error(), ""}};
  const auto chain = ReadChain(files.cert_file, *pem);
  if (!chain) return {{Level::kWrong, "certificate", chain.error(), ""}};
  CheckChain(*chain, rules, found);
  if (!files.key_file.empty()) CheckKey(*chain, files.key_file, found);
  if (!files.ca_file.empty()) CheckTrust(*chain, rules, files.ca_file, found);
  return found;
}

}  // namespace cistern::ctl
