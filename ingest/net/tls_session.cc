#include "ingest/net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "ingest/net/tls_identity.h"

namespace cistern {
namespace {

std::string DescribeError(const SSL* ssl, int system_error) {
  const unsigned long code = ERR_peek_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string text = reason ? reason : system_error != 0 ? std::strerror(system_error) : "connection closed";
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) text += std::string(": ") + X509_verify_cert_error_string(verified);
  return text;
}

// Messages of TLS itself in a row, without data between them: KeyUpdate (RFC 8446, section 4.6.3). An honest
// peer sends one now and then.
constexpr int kMostBarren = 64;

bool IsText(char octet) {
  return (octet >= ' ' && octet <= '~') || octet == '\n' || octet == '\r' || octet == '\t';
}

}  // namespace

void TlsSession::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

std::unique_ptr<TlsSession> TlsSession::Create(const TlsContext& context, int fd) {
  SSL* ssl = SSL_new(context.get());
  if (!ssl) return nullptr;
  std::unique_ptr<TlsSession> session(new TlsSession(ssl, fd));
  if (SSL_set_fd(ssl, fd) != 1) return nullptr;
  SSL_set_accept_state(ssl);
  SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY);  // else one call takes as many records without data as come
  SSL_set_msg_callback(ssl, &TlsSession::OnMessage);
  SSL_set_msg_callback_arg(ssl, session.get());
  return session;
}

void TlsSession::OnMessage(int sent, int, int type, const void*, std::size_t, SSL*, void* session) {
  auto& self = *static_cast<TlsSession*>(session);
  if (sent == 0 && type == SSL3_RT_HANDSHAKE && self.established_) ++self.barren_;
}

StreamStatus TlsSession::Handshake() {
  if (!first_octet_seen_) {
    char octet = 0;
    const ssize_t count = ::recv(fd_, &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    // Nothing yet: what comes from now on OpenSSL may not take either, before it was looked at.
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return StreamStatus::kWantRead;
    if (count == 1) {
      first_octet_seen_ = true;
      plaintext_ = IsText(octet);
      if (plaintext_) return StreamStatus::kFailed;
    }
  }
  ERR_clear_error();
  errno = 0;
  const StreamStatus status = Judge(SSL_do_handshake(ssl_.get()));
  established_ = status == StreamStatus::kDone;
  return status;
}

StreamRead TlsSession::Read(char* buffer, std::size_t size) {
  std::size_t total = 0;
  while (total < size) {
    const int before = barren_;
    std::size_t octets = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer + total, size - total, &octets);
    if (result != 1) {
      const StreamStatus status = Judge(result);
      if (status != StreamStatus::kWantRead || barren_ == before) return {status, total};
      if (barren_ <= kMostBarren) continue;
      error_ = "too many messages of TLS without data";
      flooded_ = failed_ = true;
      return {StreamStatus::kFailed, total};
    }
    barren_ = 0;
    total += octets;
  }
  return {StreamStatus::kDone, total};
}

StreamRead TlsSession::Write(const char* octets, std::size_t size) {
  std::size_t total = 0;
  while (total < size) {
    std::size_t count = 0;
    ERR_clear_error();
    errno = 0;
    const int result = SSL_write_ex(ssl_.get(), octets + total, size - total, &count);
    if (result != 1) return {Judge(result), total};
    total += count;
  }
  return {StreamStatus::kDone, total};
}

StreamStatus TlsSession::Judge(int result) {
  if (result == 1) return StreamStatus::kDone;
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return StreamStatus::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return StreamStatus::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return StreamStatus::kEnd;
    default:
      break;
  }
  const bool cut_off = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  error_ = cut_off ? "closed without close_notify" : DescribeError(ssl_.get(), system_error);
  failed_ = true;
  ERR_clear_error();
  return cut_off && established_ ? StreamStatus::kEnd : StreamStatus::kFailed;
}

void TlsSession::SendCloseNotify() {
  if (failed_ || !established_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsSession::PeerIdentity() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (!certificate || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return "";
  return CertificateIdentity(certificate);
}

std::vector<std::string> TlsSession::PeerNames() const { return NamesOfPeer(ssl_.get()); }

std::string TlsSession::ApplicationProtocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace cistern
