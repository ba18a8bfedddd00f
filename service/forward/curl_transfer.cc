#include "service/forward/curl_transfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cistern/v1/target.pb.h"
#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestPoll{60'000};

std::string Bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

struct Address {
  IpAddress ip;
  std::uint16_t port = 0;
};
std::optional<Address> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return Address{IpAddress::V4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  std::array<std::uint8_t, 16> octets;
  std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
  return Address{IpAddress::V6(octets), ntohs(v6.sin6_port)};
}

bool IsLinkLocal(const IpAddress& ip) {
  static const IpNetwork v4 = *IpNetwork::Parse("169.254.0.0/16");
  static const IpNetwork v6 = *IpNetwork::Parse("fe80::/10");
  return v4.Contains(ip) || v6.Contains(ip);
}

FailureReason ReasonOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return FailureReason::kResolve;
    case CURLE_COULDNT_CONNECT:
      return FailureReason::kConnect;
    case CURLE_OPERATION_TIMEDOUT:
      return FailureReason::kTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CIPHER:
      return FailureReason::kTls;
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
      return FailureReason::kConfiguration;
    case CURLE_LOGIN_DENIED:
    case CURLE_AUTH_ERROR:
      return FailureReason::kAuth;
    default:
      return FailureReason::kClosed;
  }
}

std::optional<Failure> CheckReadable(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return Failure{FailureReason::kConfiguration, path + " cannot be read: " + std::strerror(errno)};
  close(fd);
  return std::nullopt;
}

milliseconds Spent(CURL* easy, CURLINFO what) {
  curl_off_t us = 0;
  curl_easy_getinfo(easy, what, &us);
  return milliseconds(us / 1000);
}

}  // namespace

Result<std::unique_ptr<CurlTransfer>, Failure> CurlTransfer::Make(Options options) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return Failure{FailureReason::kConfiguration, "libcurl cannot be used"};
  if (options.tls != nullptr) {
    for (const auto* path : {&options.tls->ca_file(), &options.tls->cert_file(), &options.tls->key_file()}) {
      if (auto failure = CheckReadable(*path)) return std::move(*failure);
    }
  }
  return std::unique_ptr<CurlTransfer>(new CurlTransfer(std::move(options)));
}

CurlTransfer::CurlTransfer(Options options) : options_(std::move(options)) {
  const std::string& host = options_.host;
  name_ = options_.protocol + "://" + Bracketed(host) + ':' + options_.port;
  base_ = name_;
  if (options_.tls == nullptr || options_.tls->server_name().empty()) return;
  // libcurl compares the certificate with the host of the URL, so that one names what is expected.
  base_ = options_.protocol + "://" + Bracketed(options_.tls->server_name()) + ':' + options_.port;
  const std::string there = "::" + Bracketed(host) + ':' + options_.port;
  connect_to_.reset(curl_slist_append(nullptr, there.c_str()));
}

CurlTransfer::~CurlTransfer() { Disconnect(); }

void CurlTransfer::Disconnect() {
  ShutDown();
  easy_.reset();
  multi_.reset();
  peer_.clear();
}

// Otherwise libcurl would wait for the answers of a mail server before it closes the connection.
void CurlTransfer::ShutDown() {
  for (const curl_socket_t socket : sockets_) shutdown(socket, SHUT_RDWR);
}

CURL* CurlTransfer::Begin() {
  if (!multi_) multi_.reset(curl_multi_init());
  if (easy_) {
    curl_easy_reset(easy_.get());
  } else {
    easy_.reset(curl_easy_init());
  }
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a name that is being resolved holds nothing up
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, options_.protocol.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlTransfer::CloseSocket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  if (connect_to_) curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to_.get());
  SetTls();
  return easy;
}

void CurlTransfer::SetTls() {
  const v1::TlsClientConfig* tls = options_.tls;
  if (tls == nullptr) return;
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->verify() == "none" ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->verify() == "full" ? 2L : 0L);
  if (!tls->ca_file().empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file().c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  if (tls->cert_file().empty()) return;
  curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert_file().c_str());
  curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file().c_str());
}

bool CurlTransfer::MayConnect(const curl_sockaddr& socket_address) {
  const auto address = AddressOf(socket_address.addr);
  const std::string ip = address ? address->ip.ToString() : std::string();
  if (!address || IsLinkLocal(address->ip)) {
    forbidden_ = Failure{FailureReason::kConnect,
                         name_ + " is " + ip + ", a link-local address, which no target may reach"};
  } else if (options_.is_own_address && options_.is_own_address("tcp", ip, address->port)) {
    forbidden_ = Failure{FailureReason::kLoop, name_ + " leads back to this daemon"};
  } else {
    return true;
  }
  return false;
}

curl_socket_t CurlTransfer::OpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (!transfer.MayConnect(*address)) return CURL_SOCKET_BAD;
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened >= 0) transfer.sockets_.insert(opened);
  return opened;
}

int CurlTransfer::CloseSocket(void* self, curl_socket_t socket) {
  static_cast<CurlTransfer*>(self)->sockets_.erase(socket);
  return close(socket);
}

std::optional<CURLcode> CurlTransfer::Run(const Stop& stop) {
  for (;;) {
    if (stop.requested()) return std::nullopt;
    int running = 0;
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg == CURLMSG_DONE) return message->data.result;
    }
    curl_waitfd stopped{stop.fd(), CURL_WAIT_POLLIN, 0};
    curl_multi_poll(multi_.get(), &stopped, 1, static_cast<int>(kLongestPoll.count()), nullptr);
  }
}

std::optional<Failure> CurlTransfer::Perform(const Stop& stop) {
  error_[0] = '\0';
  forbidden_.reset();
  curl_multi_add_handle(multi_.get(), easy_.get());
  const auto code = Run(stop);
  if (code != CURLE_OK) ShutDown();
  curl_multi_remove_handle(multi_.get(), easy_.get());
  if (code == CURLE_OK) {
    const char* ip = nullptr;
    long port = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_IP, &ip);
    curl_easy_getinfo(easy_.get(), CURLINFO_PRIMARY_PORT, &port);
    peer_ = fmt::format("{}:{}", Bracketed(ip == nullptr ? "" : ip), port);
    return std::nullopt;
  }
  multi_.reset();  // and with it the connections; the handle still tells what happened
  peer_.clear();
  return code ? FailureOf(*code) : Failure{FailureReason::kStopped, name_ + ": stopped"};
}

Failure CurlTransfer::FailureOf(CURLcode code) const {
  if (forbidden_ && code == CURLE_COULDNT_CONNECT) return *forbidden_;
  std::string text = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return {ReasonOf(code), name_ + ": " + text};
}

void CurlTransfer::Report(const StepObserver& observe) const {
  CURL* easy = easy_.get();
  const char* ip = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
  if (ip == nullptr || *ip == '\0') return;
  observe({"resolve " + options_.host,
           fmt::format("{}, {}", ip, Spent(easy, CURLINFO_NAMELOOKUP_TIME_T).count()) + " ms"});
  const auto connected = Spent(easy, CURLINFO_CONNECT_TIME_T);
  curl_off_t us = 0;
  curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &us);
  if (us == 0) return;
  observe({fmt::format("connect to {}:{}", Bracketed(ip), options_.port),
           fmt::format("after {} ms", connected.count())});
  curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &us);
  if (us > 0) observe({"TLS", fmt::format("after {} ms", us / 1000)});
}

}  // namespace cistern
