#include "ctl/tls/chain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "ctl/printer/time_text.h"
#include "ingest/message/ip_address.h"
#include "ingest/net/subject_names.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kNsPerDay = 24LL * 60 * 60 * 1'000'000'000;
constexpr std::int64_t kSoon = 30 * kNsPerDay;
constexpr std::size_t kMostOctets = 1 << 20;
constexpr int kWeakBits = 112;  // of security: RSA with 2048 bits

using Level = Diagnosis::Level;

class Report {
 public:
  Report(std::string about, std::vector<Diagnosis>& found) : about_(std::move(about)), found_(found) {}
  void Ok(std::string text) { found_.push_back({Level::kOk, about_, std::move(text), ""}); }
  void Warning(std::string text, std::string advice) { Add(Level::kWarning, text, advice); }
  void Wrong(std::string text, std::string advice) { Add(Level::kWrong, text, advice); }

 private:
  void Add(Level level, std::string& text, std::string& advice) {
    found_.push_back({level, about_, std::move(text), std::move(advice)});
  }
  const std::string about_;
  std::vector<Diagnosis>& found_;
};

std::string SubjectOf(const X509Ptr& certificate) {
  return NameText(X509_get_subject_name(certificate.get()));
}
std::string IssuerOf(const X509Ptr& certificate) { return NameText(X509_get_issuer_name(certificate.get())); }

void CheckDates(const X509Ptr& certificate, std::int64_t now, Report& report) {
  const std::int64_t from = TimeOf(X509_get0_notBefore(certificate.get()));
  const std::int64_t to = TimeOf(X509_get0_notAfter(certificate.get()));
  const std::string who = SubjectOf(certificate);
  if (now < from) {
    report.Wrong(fmt::format("{} is not valid before {}", who, Rfc3339(from)),
                 "set this machine's clock, or wait");
  } else if (now > to) {
    report.Wrong(fmt::format("{} ended {} ago, at {}", who, FormatSpan(now - to), Rfc3339(to)), "renew it");
  } else if (to - now < kSoon) {
    report.Warning(fmt::format("{} ends in {}, at {}", who, FormatSpan(to - now), Rfc3339(to)), "renew it");
  } else {
    report.Ok(fmt::format("{} is valid until {} ({})", who, Rfc3339(to), FormatSpan(to - now)));
  }
}

void CheckNames(const X509Ptr& leaf, const ChainRules& rules, Report& report) {
  std::vector<std::string> names = SubjectNames(leaf.get());
  std::replace(names.begin(), names.end(), std::string(), std::string("a name of another kind"));
  std::replace(names.begin(), names.end(), std::string("ip:"), std::string("ip:(not an address)"));
  const std::string all = fmt::format("{}", fmt::join(names, " "));
  if (names.empty())
    return report.Wrong(SubjectOf(leaf) + " has no subject alternative name; nobody looks at the common name",
                        "have it issued with the DNS name or address as subjectAltName");
  if (rules.name.empty()) return report.Ok("names: " + all);
  const bool address = IpAddress::Parse(rules.name).has_value();
  const int matches = address ? X509_check_ip_asc(leaf.get(), rules.name.c_str(), 0)
                              : X509_check_host(leaf.get(), rules.name.data(), rules.name.size(),
                                                X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr);
  if (matches == 1) return report.Ok(fmt::format("it is for {} (names: {})", rules.name, all));
  report.Wrong(fmt::format("it is not for {}, but for {}", rules.name, all),
               "use one of these names, or have a certificate issued for " + rules.name);
}

void CheckPurpose(const X509Ptr& leaf, bool client, Report& report) {
  const int purpose = client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
  if (X509_check_purpose(leaf.get(), purpose, 0) == 1) return;
  report.Wrong(
      fmt::format("{} may not be used by a {}", SubjectOf(leaf), client ? "client" : "server"),
      fmt::format("have it issued with the extended key usage {}", client ? "clientAuth" : "serverAuth"));
}

void CheckStrength(const X509Ptr& certificate, Report& report) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate.get());
  if (key != nullptr && EVP_PKEY_get_security_bits(key) < kWeakBits)
    report.Wrong(fmt::format("{} has a weak key of {} bits", SubjectOf(certificate), EVP_PKEY_get_bits(key)),
                 "use EC P-256, or RSA with 2048 bits or more");
  int digest = 0, algorithm = 0, bits = 0;
  std::uint32_t flags = 0;
  const bool self_signed = (X509_get_extension_flags(certificate.get()) & EXFLAG_SS) != 0;
  if (!self_signed && X509_get_signature_info(certificate.get(), &digest, &algorithm, &bits, &flags) == 1 &&
      (digest == NID_sha1 || digest == NID_md5))
    report.Wrong(fmt::format("{} is signed with {}", SubjectOf(certificate), OBJ_nid2sn(digest)),
                 "have it issued again with SHA-256");
}

void CheckOrder(const Chain& chain, Report& report) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (X509_check_issued(chain[i + 1].get(), chain[i].get()) == X509_V_OK) continue;
    return report.Wrong(
        fmt::format("certificate {} of the file, {}, is not the issuer of the one before it ({})", i + 2,
                    SubjectOf(chain[i + 1]), IssuerOf(chain[i])),
        "put the certificate first, then each issuer behind what it signed");
  }
}

bool FillStore(X509_STORE* store, const std::string& ca_file) {
  return ca_file.empty() ? X509_STORE_set_default_paths(store) == 1
                         : X509_STORE_load_file(store, ca_file.c_str()) == 1;
}

std::string TrustAdvice(int error, X509* certificate, const std::string& ca_file) {
  const std::string issuer = NameText(X509_get_issuer_name(certificate));
  const std::string authorities = ca_file.empty() ? "the authorities of this system" : ca_file;
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      return fmt::format(
          "{} is missing: put it behind the certificate if it is an intermediate one, else into {}", issuer,
          authorities);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return fmt::format(
          "it is signed by itself or by an authority that is not among {}; name that one with --ca",
          authorities);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "an authority of the same name but with another key signed it: use the authority that issued it";
    default:
      return "";
  }
}

}  // namespace

Result<std::string, std::string> ReadWholeFile(const std::string& path) {
  using boost::system::in_place_error;
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {in_place_error, path + ": " + std::strerror(errno)};
  std::ifstream in(path, std::ios::binary);
  if (!in || S_ISDIR(info.st_mode)) return {in_place_error, path + ": cannot be read"};
  std::string text(kMostOctets + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMostOctets) return {in_place_error, path + ": larger than 1 MiB"};
  return {boost::system::in_place_value, std::move(text)};
}

Result<Chain, std::string> ReadChain(const std::string& path, const std::string& pem) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Chain chain;
  while (X509Ptr next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)})
    chain.push_back(std::move(next));
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = OpensslReason();
  if (!chain.empty() && ended) return chain;
  if (!chain.empty()) return fmt::format("{}: certificate {} is broken: {}", path, chain.size() + 1, reason);
  if (pem.find("PRIVATE KEY-----") != std::string::npos) return path + " holds a key and no certificate";
  if (pem.starts_with("\x30"))
    return path + " is DER; convert it: openssl x509 -inform der -in FILE -out FILE.pem";
  return path + " holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
}

void CheckChain(const Chain& chain, const ChainRules& rules, std::vector<Diagnosis>& found) {
  Report report(chain.size() == 1 ? "certificate" : "chain", found);
  for (const X509Ptr& certificate : chain) {
    CheckDates(certificate, rules.now, report);
    CheckStrength(certificate, report);
  }
  CheckNames(chain.front(), rules, report);
  CheckPurpose(chain.front(), rules.client, report);
  CheckOrder(chain, report);
}

void CheckTrust(const Chain& chain, const ChainRules& rules, const std::string& ca_file,
                std::vector<Diagnosis>& found) {
  Report report("trust", found);
  const std::unique_ptr<X509_STORE, OpensslFree> store(X509_STORE_new());
  if (!FillStore(store.get(), ca_file))
    return report.Wrong(ca_file + " cannot be read: " + OpensslReason(), "name a PEM file of authorities");
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> others(
      sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); });
  for (const X509Ptr& certificate : chain) sk_X509_push(others.get(), certificate.get());
  const std::unique_ptr<X509_STORE_CTX, OpensslFree> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), others.get());
  X509_STORE_CTX_set_purpose(context.get(), rules.client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  if (X509_verify_cert(context.get()) == 1)
    return report.Ok("it leads to " +
                     (ca_file.empty() ? "an authority of this system" : "an authority in " + ca_file));
  const int error = X509_STORE_CTX_get_error(context.get());
  X509* const at = X509_STORE_CTX_get_current_cert(context.get());
  X509* const certificate = at != nullptr ? at : chain.front().get();
  report.Wrong(fmt::format("{}: {}", NameText(X509_get_subject_name(certificate)),
                           X509_verify_cert_error_string(error)),
               TrustAdvice(error, certificate, ca_file));
}

}  // namespace cistern::ctl
