#include "test_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace cistern::testing {
namespace {

void AddName(X509* certificate, const std::string& name) {
  const bool address = name.find_first_not_of("0123456789.:abcdef") == std::string::npos;
  const std::string text = (address ? "IP:" : "DNS:") + name;
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, text.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCertificate::TestCertificate(const std::string& name, int days)
    : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
  constexpr long kDay = 86'400;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * kDay);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  AddName(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
}

TestCertificate::~TestCertificate() {
  X509_free(certificate);
  EVP_PKEY_free(key);
}

void TestCertificate::Write(const std::string& path) const {
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

PeerConnection::~PeerConnection() {
  if (tls_ != nullptr) SSL_shutdown(tls_);
  SSL_free(tls_);
  SSL_CTX_free(context_);
}

bool PeerConnection::StartTls(const TestCertificate& certificate) {
  context_ = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context_, certificate.certificate);
  SSL_CTX_use_PrivateKey(context_, certificate.key);
  tls_ = SSL_new(context_);
  SSL_set_fd(tls_, fd_);
  return SSL_accept(tls_) == 1;
}

bool PeerConnection::Fill() {
  char data[65536];
  const auto count = tls_ != nullptr ? SSL_read(tls_, data, sizeof data) : recv(fd_, data, sizeof data, 0);
  if (count <= 0) return false;
  buffer_.append(data, static_cast<std::size_t>(count));
  return true;
}

bool PeerConnection::ReadLine(std::string& line) {
  for (std::size_t end; (end = buffer_.find("\r\n")) == std::string::npos;) {
    if (!Fill()) return false;
  }
  const std::size_t end = buffer_.find("\r\n");
  line = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return true;
}

bool PeerConnection::Read(std::size_t count, std::string& data) {
  while (buffer_.size() < count) {
    if (!Fill()) return false;
  }
  data = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return true;
}

bool PeerConnection::Write(const std::string& data) {
  if (tls_ != nullptr) return SSL_write(tls_, data.data(), static_cast<int>(data.size())) > 0;
  for (std::size_t sent = 0; sent < data.size();) {
    const auto count = send(fd_, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

void PeerConnection::Hang() {
  while (Fill()) buffer_.clear();
}

void PeerConnection::Reset() {
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

TestPeer::TestPeer(Serve serve) : serve_(std::move(serve)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon does
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  (void)bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 16);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

TestPeer::~TestPeer() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    if (current_ >= 0) shutdown(current_, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void TestPeer::Run() {
  for (;;) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    {
      const std::lock_guard lock(mutex_);
      current_ = fd;
      if (stopped_) shutdown(fd, SHUT_RDWR);
    }
    ++connections_;
    {
      PeerConnection connection(fd);
      serve_(connection);
    }
    const std::lock_guard lock(mutex_);
    current_ = -1;
    close(fd);
  }
}

}  // namespace cistern::testing
