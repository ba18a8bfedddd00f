#include "service/config/check.h"

#include <fcntl.h>
#include <grp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <utility>

#include "cistern/v1/config.pb.h"
#include "service/access/grants.h"
#include "service/config/exit_code.h"

namespace cistern {
namespace {

namespace fs = std::filesystem;

int RefusePassphrase(char*, int, int, void*) { return 0; }

// Why this process may not use `path` that way; empty when it may.
std::string AccessProblem(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? "" : std::strerror(errno);
}

// Loads one listener's files as the TLS listener itself would.
template <class Tls>
class PairCheck {
 public:
  PairCheck(const Tls& tls, std::string path, const Origins& origins, ConfigErrors& errors)
      : tls_(tls), path_(std::move(path)), origins_(origins), errors_(errors) {}

  void Run() {
    const bool cert_readable = IsReadable(tls_.cert_file(), "cert_file");
    const bool key_readable = IsReadable(tls_.key_file(), "key_file");
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                    &SSL_CTX_free);
    if (!context) return;
    SSL_CTX_set_default_passwd_cb(context.get(), &RefusePassphrase);
    if (cert_readable && CheckChain(context.get()) && key_readable) CheckKey(context.get());
    if (!tls_.client_ca_file().empty() && IsReadable(tls_.client_ca_file(), "client_ca_file")) {
      CheckAuthorities(context.get());
    }
    ERR_clear_error();
  }

 private:
  bool IsReadable(const std::string& file, const char* key) {
    std::string problem = AccessProblem(file, R_OK);
    std::error_code ec;
    if (problem.empty() && fs::is_directory(file, ec)) problem = std::strerror(EISDIR);
    if (!problem.empty()) Fail(key, file + " cannot be read: " + problem);
    return problem.empty();
  }

  bool CheckChain(SSL_CTX* context) {
    if (SSL_CTX_use_certificate_chain_file(context, tls_.cert_file().c_str()) == 1) return true;
    Fail("cert_file", tls_.cert_file() + " holds no usable PEM certificate");
    return false;
  }

  void CheckKey(SSL_CTX* context) {
    ERR_clear_error();
    const std::string& key = tls_.key_file();
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1) return;
    const unsigned long error = ERR_peek_error();
    const bool mismatch = ERR_GET_LIB(error) == ERR_LIB_X509;
    Fail("key_file", mismatch ? key + " does not belong to the certificate in " + tls_.cert_file()
                              : key + " holds no usable PEM private key without a passphrase");
  }

  void CheckAuthorities(SSL_CTX* context) {
    if (SSL_CTX_load_verify_file(context, tls_.client_ca_file().c_str()) == 1) return;
    Fail("client_ca_file", tls_.client_ca_file() + " holds no usable PEM certificate");
  }

  void Fail(const char* key, std::string message) {
    const std::string full = JoinKey(path_, key);
    errors_.Add(NearestOrigin(origins_, full), full, std::move(message));
  }

  const Tls& tls_;
  const std::string path_;
  const Origins& origins_;
  ConfigErrors& errors_;
};

// The nearest folder around `path` that is there, or `path` itself.
fs::path Existing(fs::path path) {
  std::error_code ec;
  while (!fs::exists(path, ec) && path.has_relative_path()) path = path.parent_path();
  return path;
}

void Append(const ConfigErrors& more, ConfigErrors& errors) {
  errors.items.insert(errors.items.end(), more.items.begin(), more.items.end());
}

int Report(const ConfigErrors& errors, std::ostream& err) {
  err << errors.ToString();
  return kExitConfig;
}

}  // namespace

ConfigErrors CheckCertificates(const LoadedConfig& loaded) {
  ConfigErrors errors;
  for (int i = 0; i < loaded.config->listeners_size(); ++i) {
    const v1::ListenerConfig& listener = loaded.config->listeners(i);
    if (!listener.has_tls()) continue;
    PairCheck(listener.tls(), JoinIndex("listeners", i) + ".tls", loaded.origins, errors).Run();
  }
  Append(CheckControlFiles(loaded), errors);
  return errors;
}

ConfigErrors CheckControlFiles(const LoadedConfig& loaded) {
  ConfigErrors errors;
  const v1::ControlConfig& control = loaded.config->control();
  const v1::HttpConfig& http = loaded.config->http();
  if (control.has_tls()) PairCheck(control.tls(), "control.tls", loaded.origins, errors).Run();
  if (http.has_tls()) PairCheck(http.tls(), "http.tls", loaded.origins, errors).Run();
  CheckTokenFiles(control, loaded.origins, errors);
  const std::string& group = control.unix_socket_group();
  if (!group.empty() && ::getgrnam(group.c_str()) == nullptr) {
    errors.Add(NearestOrigin(loaded.origins, "control.unix_socket_group"), "control.unix_socket_group",
               "there is no group " + group + " on this machine");
  }
  return errors;
}

ConfigErrors CheckStorageDir(const LoadedConfig& loaded) {
  ConfigErrors errors;
  const std::string& dir = loaded.config->storage().dir();
  const fs::path existing = Existing(dir);
  std::error_code ec;
  const bool folder = fs::is_directory(existing, ec);
  const std::string problem =
      folder ? AccessProblem(existing.string(), R_OK | W_OK | X_OK) : std::strerror(ENOTDIR);
  if (!problem.empty()) {
    const std::string what = existing == fs::path(dir) ? " cannot be used: " : " cannot be made: ";
    errors.Add(NearestOrigin(loaded.origins, "storage.dir"), "storage.dir", dir + what + problem);
  }
  return errors;
}

int RunCheckConfig(const ConfigSources& sources, std::ostream& out, std::ostream& err) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) return Report(loaded.error(), err);
  ConfigErrors errors = CheckCertificates(*loaded);
  Append(CheckStorageDir(*loaded), errors);
  if (!errors.empty()) return Report(errors, err);
  out << "configuration is valid\n";
  return kExitOk;
}

int RunPrintConfig(const ConfigSources& sources, std::ostream& out, std::ostream& err) {
  const auto loaded = LoadConfig(sources);
  if (!loaded) return Report(loaded.error(), err);
  out << PrintConfig(*loaded);
  return kExitOk;
}

}  // namespace cistern
