#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "ctl/command/options.h"
#include "ctl/command/send_options.h"
#include "ctl/printer/diagnosis.h"
#include "ctl/printer/text.h"
#include "ctl/tls/authority.h"
#include "ctl/tls/pair_check.h"
#include "ctl/tls/peer_check.h"
#include "ingest/message/ip_address.h"
#include "ingest/net/subject_names.h"

namespace cistern::ctl {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string dir = "tls";
  std::vector<std::string> hosts, clients;
  std::uint64_t days = 365;
};

struct CheckOptions {
  std::string what, key, ca, cert_of_client, key_of_client, name, output = "table";
  bool client = false;
};

// The folder that `tls init` fills: what is there already stays as it is.
class TlsFolder {
 public:
  TlsFolder(Context& context, const InitOptions& options) : context_(context), options_(options) {}

  bool Fill() {
    std::error_code made;
    fs::create_directories(options_.dir, made);
    if (made) return Fail(options_.dir + ": " + made.message());
    const auto authority = OpenAuthority();
    if (!authority) return Fail(authority.error());
    std::vector<std::string> hosts = options_.hosts;
    if (hosts.empty()) hosts = {LocalHostName(), "localhost", "127.0.0.1", "::1"};
    if (!Make(*authority, "server", hosts, Authority::Purpose::kServer)) return false;
    for (const std::string& client : options_.clients)
      if (!Make(*authority, client, {client}, Authority::Purpose::kClient)) return false;
    return true;
  }

 private:
  std::string Path(const std::string& name) const { return (fs::path(options_.dir) / name).string(); }
  bool Has(const std::string& name) const {
    return fs::exists(Path(name + ".crt")) || fs::exists(Path(name + ".key"));
  }

  Result<Authority, std::string> OpenAuthority() {
    if (Has("ca")) {
      const auto certificate = ReadWholeFile(Path("ca.crt")), key = ReadWholeFile(Path("ca.key"));
      if (!certificate) return certificate.error();
      if (!key) return key.error();
      Note(context_, "uses the authority that is there: " + Path("ca.crt"));
      return Authority::Load({*certificate, *key});
    }
    auto authority = Authority::Create("Cistern trial authority", static_cast<int>(options_.days));
    if (!authority) return authority.error();
    const auto pem = authority->Pem();
    if (!pem) return pem.error();
    if (const std::string error = WritePair("ca", *pem); !error.empty()) return error;
    return authority;
  }

  bool Make(const Authority& authority, const std::string& name, const std::vector<std::string>& names,
            Authority::Purpose purpose) {
    if (name.empty() || name == "ca" || name.find('/') != std::string::npos)
      return Fail("\"" + name + "\" cannot be the name of a file in " + options_.dir);
    if (Has(name)) {
      const std::string missing = MissingFrom(Path(name + ".crt"), names);
      Note(context_, "left as it is: " + Path(name + ".crt") +
                         (missing.empty() ? ""
                                          : ", which is not for " + missing +
                                                "; delete it and its key to have both made anew"));
      return true;
    }
    const auto pair = authority.Issue(names, purpose, static_cast<int>(options_.days));
    if (!pair) return Fail(pair.error());
    const std::string error = WritePair(name, *pair);
    return error.empty() || Fail(error);
  }

  // Those of `names` that the certificate does not carry; empty also where it cannot be read.
  static std::string MissingFrom(const std::string& path, const std::vector<std::string>& names) {
    const auto pem = ReadWholeFile(path);
    const auto chain = pem ? ReadChain(path, *pem) : Result<Chain, std::string>(pem.error());
    if (!chain || chain->empty()) return {};
    const std::vector<std::string> carried = SubjectNames(chain->front().get());
    std::vector<std::string> missing;
    for (const std::string& name : names) {
      const auto address = IpAddress::Parse(name);
      const std::string wanted = address ? "ip:" + address->ToString() : "dns:" + name;
      if (std::find(carried.begin(), carried.end(), wanted) == carried.end()) missing.push_back(name);
    }
    return fmt::format("{}", fmt::join(missing, ", "));
  }

  // Empty, or what went wrong. Nothing is ever written over.
  std::string WritePair(const std::string& name, const PemPair& pair) {
    const std::string cert = Path(name + ".crt"), key = Path(name + ".key");
    for (const auto& [path, text, mode] : {std::tuple(key, pair.key, 0600), {cert, pair.certificate, 0644}}) {
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
      if (fd < 0) return path + ": " + std::strerror(errno);
      const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
      if (::close(fd) != 0 || !written) return path + ": " + std::strerror(errno);
    }
    *context_.out << fmt::format("made {} and {}\n", Visible(cert), Visible(key));
    return {};
  }

  bool Fail(const std::string& error) {
    *context_.err << "cisternctl: " << Visible(error) << '\n';
    context_.exit_code = kExitNegative;
    return false;
  }

  Context& context_;
  const InitOptions& options_;
};

void RunInit(Context& context, const InitOptions& options) {
  if (!TlsFolder(context, options).Fill()) return;
  const std::string dir = fs::absolute(options.dir).lexically_normal().string();
  const auto file = [&](const char* name) { return (fs::path(dir) / name).string(); };
  Note(context,
       fmt::format(
           "For a trial: whoever has ca.key can make certificates that are believed. In cistern.yaml:\n"
           "listeners:\n  - name: tls\n    tls: {{address: 0.0.0.0:6514, cert_file: {0}, key_file: {1}, "
           "client_ca_file: {2}}}",
           file("server.crt"), file("server.key"), file("ca.crt")));
}

std::vector<Diagnosis> Check(const CheckOptions& options, std::int64_t now_ns) {
  const ChainRules rules{.client = options.client, .name = options.name, .now = now_ns};
  if (const auto endpoint = ParseEndpoint(
          options.what.find("://") == std::string::npos ? "tls://" + options.what : options.what);
      !fs::exists(options.what) && endpoint && endpoint->kind == Endpoint::Kind::kTls &&
      options.what.find('/') + 1 != options.what.size()) {
    const TlsOptions tls{
        .ca_file = options.ca, .cert_file = options.cert_of_client, .key_file = options.key_of_client};
    return CheckPeer(*endpoint, tls, rules);
  }
  return CheckPair({options.what, options.key, options.ca}, rules);
}

void RunCheck(Context& context, const CheckOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<Diagnosis> found = Check(options, context.now_ns);
  Output output(context);
  for (const Diagnosis& one : found) {
    if (options.output == "json") {
      AppendDiagnosisJson(one, output.text());
    } else {
      AppendDiagnosisText(one, context.color, output.text());
    }
  }
  if (AnyWrong(found)) context.exit_code = kExitNegative;
}

void RegisterInit(CLI::App& tls, Context& context) {
  auto& command =
      AddCommand(tls, "init", "Makes a small authority, a server's and clients' certificates for a trial");
  auto options = std::make_shared<InitOptions>();
  AddText(command, "DIR", options->dir, "", "Folder to fill (default tls); what is there is kept and used");
  AddTexts(command, "--host", options->hosts,
           "DNS name or address of the server, once for each, also localhost (default this machine's name "
           "and loopback)");
  AddTexts(command, "--client", options->clients,
           "Make a certificate for a client of this name, once for each");
  AddNumber(command, "--days", options->days, "How long the certificates are valid (default 365)", 1, 36'500);
  AddExamples(command, "", {"tls init", "tls init /etc/cistern/tls --host logs.example.com --client web01"});
  OnRun(command, [&context, options] { RunInit(context, *options); });
}

void RegisterCheck(CLI::App& tls, Context& context) {
  auto& command =
      AddCommand(tls, "check", "Explains what is wrong with a certificate, its key, its chain, or a server");
  auto options = std::make_shared<CheckOptions>();
  Require(AddText(command, "WHAT", options->what, "", "A certificate file, or HOST:PORT of a TLS server"));
  AddText(command, "KEY", options->key, "", "The key of the certificate file");
  AddText(command, "--ca", options->ca, "FILE",
          "Whom to believe (default for a server: the system's authorities; for a file: not looked at)");
  AddText(command, "--name", options->name, "NAME",
          "Name or address the certificate must be for (default the server's)");
  AddText(command, "--cert", options->cert_of_client, "FILE", "Show this certificate to the server");
  AddText(command, "--key", options->key_of_client, "FILE", "Its key (default in the same file)");
  AddFlag(command, "--client", options->client, "The certificate file is to be shown by a client");
  AddOverviewOutput(command, options->output);
  AddExamples(command, "Exits 1 when something is wrong.",
              {"tls check server.crt server.key --ca ca.crt --name logs.example.com",
               "tls check logs.example.com:6514 --ca ca.crt"});
  OnRun(command, [&context, options] { RunCheck(context, *options); });
}

}  // namespace

void RegisterTls(CLI::App& root, Context& context) {
  auto& tls =
      AddCommand(root, "tls", "Makes certificates for a trial, and explains what is wrong with others");
  RegisterInit(tls, context);
  RegisterCheck(tls, context);
  AddExamples(tls, "", {"tls init", "tls check server.crt server.key", "tls check logs.example.com:6514"});
}

}  // namespace cistern::ctl
