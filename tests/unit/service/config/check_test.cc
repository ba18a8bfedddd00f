#include "service/config/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace cistern {
namespace {

namespace fs = std::filesystem;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;

void WriteKey(const fs::path& file, EVP_PKEY* key, const char* passphrase = nullptr) {
  std::FILE* stream = std::fopen(file.c_str(), "w");
  const EVP_CIPHER* cipher = passphrase == nullptr ? nullptr : EVP_aes_256_cbc();
  PEM_write_PrivateKey(stream, key, cipher, nullptr, 0, nullptr, const_cast<char*>(passphrase));
  std::fclose(stream);
}

void WriteCertificate(const fs::path& file, EVP_PKEY* key) {
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* stream = std::fopen(file.c_str(), "w");
  PEM_write_X509(stream, certificate);
  std::fclose(stream);
  X509_free(certificate);
}

class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    char name[] = "/tmp/cistern-check-XXXXXX";
    folder_ = ::mkdtemp(name);
    const Key key(EVP_EC_gen("P-256")), other(EVP_EC_gen("P-256"));
    WriteCertificate(folder_ / "cert.pem", key.get());
    WriteKey(folder_ / "key.pem", key.get());
    WriteKey(folder_ / "other.pem", other.get());
    WriteKey(folder_ / "encrypted.pem", key.get(), "secret");
    std::ofstream(folder_ / "text.pem") << "not PEM\n";
  }
  ~CheckTest() override { fs::remove_all(folder_); }

  // What --check-config says about a TLS listener with these files, without the folder's name.
  std::string Check(const std::string& cert, const std::string& key, const std::string& ca = "") {
    std::ofstream(folder_ / "c.yaml")
        << "storage: {dir: data}\nlisteners:\n  - name: t\n    tls:\n"
        << "      address: 127.0.0.1:0\n      cert_file: " << cert << "\n      key_file: " << key
        << "\n      client_ca_file: '" << ca << "'\n";
    return Run();
  }

  std::string Run() {
    std::ostringstream out, err;
    code_ = RunCheckConfig({.file = (folder_ / "c.yaml").string()}, out, err);
    std::string text = out.str() + err.str();
    const std::string prefix = folder_.string() + "/";
    for (std::size_t at = 0; (at = text.find(prefix)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  }

  fs::path folder_;
  int code_ = -1;
};

TEST_F(CheckTest, MatchingPairIsValid) {
  EXPECT_EQ(Check("cert.pem", "key.pem", "cert.pem"), "configuration is valid\n");
  EXPECT_EQ(code_, 0);
}

TEST_F(CheckTest, NothingIsCreated) {
  Check("cert.pem", "key.pem");
  EXPECT_FALSE(fs::exists(folder_ / "data"));
}

TEST_F(CheckTest, BadFilesAreNamedWithKeyAndReason) {
  EXPECT_EQ(
      Check("cert.pem", "other.pem"),
      "c.yaml:7:17: listeners[0].tls.key_file: other.pem does not belong to the certificate in cert.pem\n");
  EXPECT_EQ(code_, 78);
  EXPECT_EQ(Check("text.pem", "key.pem"),
            "c.yaml:6:18: listeners[0].tls.cert_file: text.pem holds no usable PEM certificate\n");
  EXPECT_EQ(Check("cert.pem", "text.pem"),
            "c.yaml:7:17: listeners[0].tls.key_file: text.pem holds no usable PEM private key without a "
            "passphrase\n");
  EXPECT_EQ(Check("cert.pem", "encrypted.pem"),
            "c.yaml:7:17: listeners[0].tls.key_file: encrypted.pem holds no usable PEM private key without a "
            "passphrase\n");
  EXPECT_EQ(Check("cert.pem", "absent.pem"),
            "c.yaml:7:17: listeners[0].tls.key_file: absent.pem cannot be read: No such file or directory\n");
  EXPECT_EQ(Check("cert.pem", "key.pem", "text.pem"),
            "c.yaml:8:23: listeners[0].tls.client_ca_file: text.pem holds no usable PEM certificate\n");
}

TEST_F(CheckTest, EveryProblemIsReportedAtOnce) {
  const std::string text = Check("absent1.pem", "absent2.pem", ".");
  EXPECT_THAT(text, testing::HasSubstr("absent1.pem cannot be read: No such file or directory\n"));
  EXPECT_THAT(text, testing::HasSubstr("absent2.pem cannot be read: No such file or directory\n"));
  EXPECT_THAT(text, testing::HasSubstr("cannot be read: Is a directory\n"));
}

TEST_F(CheckTest, StorageDirMustBeAFolder) {
  std::ofstream(folder_ / "c.yaml") << "storage: {dir: text.pem}\n";
  EXPECT_EQ(Run(), "c.yaml:1:16: storage.dir: text.pem cannot be used: Not a directory\n");
  std::ofstream(folder_ / "c.yaml") << "storage: {dir: text.pem/data/deep}\n";
  EXPECT_EQ(Run(), "c.yaml:1:16: storage.dir: text.pem/data/deep cannot be made: Not a directory\n");
}

TEST_F(CheckTest, WrongConfigurationIs78) {
  std::ofstream(folder_ / "c.yaml") << "colour: red\n";
  EXPECT_THAT(Run(), testing::StartsWith("c.yaml:1:1: colour: unknown key"));
  EXPECT_EQ(code_, 78);
}

TEST_F(CheckTest, PrintConfigPrintsOrExplains) {
  std::ofstream(folder_ / "c.yaml") << "log: {level: error}\n";
  std::ostringstream out, err;
  EXPECT_EQ(RunPrintConfig({.file = (folder_ / "c.yaml").string()}, out, err), 0);
  EXPECT_THAT(out.str(), testing::ContainsRegex("level: error +# .*c.yaml:1\n"));
  EXPECT_EQ(RunPrintConfig({.file = "/absent"}, out, err), 78);
  EXPECT_EQ(err.str(), "/absent: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace cistern
