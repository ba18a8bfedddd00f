// What comes before a connection is open: the PROXY header of a load balancer, then the TLS handshake.
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "ingest/net/connection.h"

namespace cistern {

Connection::Next Connection::ReadProxyHeader() {
  switch (proxy_->Read(descriptor_.native_handle())) {
    case StreamStatus::kDone:
      return JudgeProxyHeader(proxy_->header());
    case StreamStatus::kEnd:  // load balancers look whether somebody listens
      return proxy_->begun() ? RefuseProxy("closed within its PROXY header")
                             : Close(CloseReason::kPeerClosed);
    case StreamStatus::kFailed:
      error_ = std::strerror(errno);
      return Close(CloseReason::kReadError);
    default:
      return Next::kReadable;
  }
}

Connection::Next Connection::JudgeProxyHeader(const ProxyHeader& header) {
  if (header.status == ProxyHeader::Status::kAbsent)
    return RefuseProxy("no PROXY header, but the address is in proxy_protocol");
  if (header.status == ProxyHeader::Status::kMalformed)
    return RefuseProxy(std::string("malformed PROXY header: ") + header.problem);
  return TakeSender(header.sender.present() ? Peer{header.sender, header.port} : peer_);
}

Connection::Next Connection::TakeSender(const Peer& sender) {
  using Admission = StreamListener::Admission;
  error_ = "through " + PrintEndpoint(peer_.address, peer_.port);
  peer_ = sender;
  const Admission admission = listener_->AdmitSender(sender.address);
  if (admission == Admission::kDenied) return Close(CloseReason::kDenied);
  if (admission == Admission::kPeerLimit) return Close(CloseReason::kPeerLimit);
  error_.clear();
  counted_ = true;
  proxy_.reset();
  TakeSettings();
  if (!tls_) Open();
  return Next::kYield;
}

Connection::Next Connection::RefuseProxy(std::string detail) {
  error_ = std::move(detail);
  return Close(CloseReason::kProxyRefused);
}

Connection::Next Connection::RefuseUntrustedHeader() {
  return RefuseProxy("PROXY header of an address that is not in proxy_protocol, or a second one");
}

Connection::Next Connection::Handshake() {
  if (tls_->plaintext()) return JudgePlaintext();
  switch (tls_->Handshake()) {
    case StreamStatus::kDone:
      identity_ = tls_->PeerIdentity();
      Open();
      return Next::kYield;
    case StreamStatus::kWantRead:
      return Next::kReadable;
    case StreamStatus::kWantWrite:
      return Next::kWritable;
    default:
      if (tls_->plaintext()) return JudgePlaintext();
      error_ = tls_->error();
      return Close(CloseReason::kHandshakeFailed);
  }
}

// Lost either way: which of the two mistakes is it?
Connection::Next Connection::JudgePlaintext() {
  char octet;
  ssize_t count;
  while ((count = ::recv(descriptor_.native_handle(), &octet, 1, MSG_DONTWAIT)) == 1) {
    if (start_.IsProxyHeader({&octet, 1})) return RefuseUntrustedHeader();
    if (start_.known()) break;
  }
  const bool waits = count < 0 && errno == EAGAIN;
  return waits ? Next::kReadable : Close(CloseReason::kPlaintextOnTls);
}

void Connection::Open() {
  handshaking_ = false;
  last_octet_ = Clock::now();
  thread_.events().ConnectionOpened(listener_->name());
}

}  // namespace cistern
