// Requests of one HTTP target, one after the other over one connection.
// Threads: one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "service/forward/curl_transfer.h"

namespace cistern {

namespace v1 {
class HttpTarget;
}

struct HttpAnswer {
  int status = 0;
  std::string body;  // what was read of it
  bool cut = false;  // there was more
  std::string location;
  std::chrono::milliseconds retry_after{0};  // as the server asked for, at most an hour
};

class HttpClient {
 public:
  // `http` outlives it. kConfiguration: a secret or a file cannot be read, or a secret is not one line.
  static Result<std::unique_ptr<HttpClient>, Failure> Make(const v1::HttpTarget& http, SinkContext context);

  // Reads at most `longest_answer` octets of the answer's body and passes over the rest. A failure closes the
  // connection.
  Result<HttpAnswer, Failure> Send(const std::string& body, std::size_t longest_answer, const Stop& stop);
  // Reads the secrets again, as after an answer that did not like them.
  std::optional<Failure> ReadSecrets();
  void Disconnect() { transfer_->Disconnect(); }

  const std::string& name() const { return transfer_->name(); }
  const std::string& peer() const { return transfer_->peer(); }

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using Headers = std::unique_ptr<curl_slist, FreeList>;

  HttpClient(const v1::HttpTarget& http, SinkContext context) : http_(http), context_(std::move(context)) {}
  std::optional<Failure> MakeTransfer();
  std::optional<Failure> AddHeader(const std::string& name, const std::string& value, Headers& headers) const;
  std::optional<Failure> AddGivenHeaders(Headers& headers) const;
  void SetRequest(CURL* easy, const std::string& body) const;

  const v1::HttpTarget& http_;
  const SinkContext context_;
  std::unique_ptr<CurlTransfer> transfer_;
  std::string target_;  // path and query of the URL
  std::string host_;    // as the URL has it, for the header
  std::string password_;
  Headers headers_;
  std::string compressed_;
};

}  // namespace cistern
