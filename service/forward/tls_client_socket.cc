#include "service/forward/tls_client_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>

#include "cistern/v1/target.pb.h"
#include "ingest/net/tls_identity.h"
#include "service/forward/tls_client_context.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

std::string LastDay(const X509* certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return "?";
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &time)};
}

std::string QueuedReason() {
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "";
}

class Tls final : public ClientStream {
 public:
  Tls(Connected connected, std::string name, std::unique_ptr<SSL, FreeSsl> ssl)
      : ClientStream(std::move(connected), std::move(name)), ssl_(std::move(ssl)) {
    SSL_set_fd(ssl_.get(), fd());
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_get_verify_mode(ssl_.get()), &Note);
  }

  std::optional<Failure> Handshake(const std::string& wanted, steady_clock::time_point deadline,
                                   const Stop& stop) {
    while (true) {
      ERR_clear_error();
      errno = 0;
      const Io io = Judge(SSL_connect(ssl_.get()));
      if (io == Io::kDone) return std::nullopt;
      if (io != Io::kWantRead && io != Io::kWantWrite)
        return Failure{FailureReason::kTls, "TLS with " + name() + ": " + HandshakeError(wanted)};
      const Waited waited = WaitFor(fd(), io == Io::kWantRead ? POLLIN : POLLOUT, deadline, &stop);
      if (waited == Waited::kStopped) return Failure{FailureReason::kStopped, "stopped"};
      if (waited == Waited::kTimeout)
        return Failure{FailureReason::kTimeout,
                       "TLS with " + name() + ": no answer; does the other side speak TLS?"};
    }
  }

  std::string Describe() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    std::string text = SSL_get_version(ssl_.get());
    if (certificate)
      text += ", certificate of " + CertificateIdentity(certificate) + " valid until " + LastDay(certificate);
    return text;
  }

 private:
  Io TryWrite(std::string_view octets, std::size_t& taken) override {
    ERR_clear_error();
    errno = 0;
    return Judge(SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &taken));
  }
  Io TryRead(std::span<char> buffer, std::size_t& got) override {
    ERR_clear_error();
    errno = 0;
    return Judge(SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got));
  }
  Io TryFinish() override {
    ERR_clear_error();
    errno = 0;
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0) return Judge(result);
    return shutdown(fd(), SHUT_WR) == 0 ? Io::kDone : Fail(errno);
  }

  // A server that goes away says goodbye and closes, whatever it has not read; only then does a reset tell.
  Io TryEnd() override {
    std::array<char, 4096> forgotten;
    const ssize_t got = recv(fd(), forgotten.data(), forgotten.size(), 0);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? Io::kWantRead : Fail(errno);
    return got == 0 ? Io::kEnd : Io::kDone;
  }

  Io Judge(int result) {
    if (result == 1) return Io::kDone;
    const int system_error = errno;
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return Io::kWantRead;
      case SSL_ERROR_WANT_WRITE:
        return Io::kWantWrite;
      case SSL_ERROR_ZERO_RETURN:
        Fail(FailureReason::kClosed, "the other side closed it");
        return Io::kEnd;
      default:
        break;
    }
    why_ = QueuedReason();
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
        (why_.empty() && system_error == 0)) {
      Fail(FailureReason::kClosed, why_ = "the other side closed it");
      return Io::kEnd;
    }
    if (!why_.empty()) return Fail(FailureReason::kTls, why_);
    why_ = SocketErrorText(system_error);
    return Fail(system_error);
  }

  // Remembers which certificate was not accepted: OpenSSL forgets it.
  static int Note(int accepted, X509_STORE_CTX* store) {
    const X509* certificate = X509_STORE_CTX_get_current_cert(store);
    const auto* ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& self = *static_cast<Tls*>(SSL_get_app_data(ssl));
    if (accepted || !certificate) return accepted;
    self.refused_ = CertificateIdentity(certificate);
    self.refused_day_ = LastDay(certificate);
    return accepted;
  }

  std::string HandshakeError(const std::string& wanted) const {
    const long verified = SSL_get_verify_result(ssl_.get());
    switch (verified) {
      case X509_V_OK:
        return why_ == "wrong version number" ? "the other side does not speak TLS" : why_;
      case X509_V_ERR_HOSTNAME_MISMATCH:
      case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "its certificate is for " + refused_ + ", not for " + wanted;
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return "certificate of " + refused_ + " has expired (" + refused_day_ + ")";
      default:
        return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verified);
    }
  }

  const std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string why_;
  std::string refused_, refused_day_;  // a certificate: whose, and its last day
};

}  // namespace

Result<std::unique_ptr<ClientStream>, Failure> ConnectTls(Connected connected, std::string name,
                                                          const std::string& host,
                                                          const v1::TlsClientConfig& config,
                                                          steady_clock::time_point deadline,
                                                          const Stop& stop) {
  const auto context = TlsClientContext::Load(config);
  if (!context) return Failure{FailureReason::kConfiguration, "TLS with " + name + ": " + context.error()};
  std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(context->get()));
  const std::string& wanted = config.server_name().empty() ? host : config.server_name();
  if (!ssl || !TlsClientContext::SetName(ssl.get(), wanted, config.verify() == "full"))
    return Failure{FailureReason::kConfiguration, "TLS with " + name + ": no name to check: " + wanted};
  auto stream = std::make_unique<Tls>(std::move(connected), std::move(name), std::move(ssl));
  if (auto failure = stream->Handshake(wanted, deadline, stop)) return *std::move(failure);
  return std::unique_ptr<ClientStream>(std::move(stream));
}

std::string DescribeTls(const ClientStream& stream) { return dynamic_cast<const Tls&>(stream).Describe(); }

}  // namespace cistern
