// One transfer at a time through libcurl, which ends at its timeout and, at once, on Stop.
//
// Connections are kept between transfers and closed by a failure. Redirects, proxies of the environment and
// protocols other than the one asked for are not used. Link-local addresses, where clouds keep credentials,
// and addresses of this daemon are not connected to, whatever a name resolves to. Threads: one.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "service/forward/make_sink.h"

namespace cistern {

namespace v1 {
class TlsClientConfig;
}

class CurlTransfer {
 public:
  struct Options {
    std::string protocol;  // `http`, `https`, `smtp` or `smtps`
    std::string host;      // name or address, without brackets
    std::string port;
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds timeout{};       // of a transfer
    const v1::TlsClientConfig* tls = nullptr;  // outlives it; null: none
    decltype(SinkContext::is_own_address) is_own_address;
  };
  // kConfiguration: a file of the TLS options cannot be read.
  static Result<std::unique_ptr<CurlTransfer>, Failure> Make(Options options);
  ~CurlTransfer();

  // The handle of the next transfer, with all options of the one before forgotten; the caller adds its own
  // and must not set those of TLS, time, addresses and protocols.
  CURL* Begin();
  // Sends and receives. Nothing: the other side answered, whatever it said.
  std::optional<Failure> Perform(const Stop& stop);
  // Does not wait for the other side.
  void Disconnect();
  // Says how far the last transfer came.
  void Report(const StepObserver& observe) const;

  // `https://logs.example.net:443`.
  const std::string& name() const { return name_; }
  // The start of URLs, which name what the certificate must be for.
  const std::string& base() const { return base_; }
  // Where it is connected to, `192.0.2.1:443`; empty: nowhere.
  const std::string& peer() const { return peer_; }

 private:
  explicit CurlTransfer(Options options);
  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int CloseSocket(void* self, curl_socket_t socket);
  void ShutDown();
  bool MayConnect(const curl_sockaddr& address);
  void SetTls();
  std::optional<CURLcode> Run(const Stop& stop);
  Failure FailureOf(CURLcode code) const;

  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const Options options_;
  std::string name_, base_, peer_;
  std::set<curl_socket_t> sockets_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> connect_to_;
  char error_[CURL_ERROR_SIZE] = "";
  std::optional<Failure> forbidden_;  // why the last address was not connected to
};

}  // namespace cistern
