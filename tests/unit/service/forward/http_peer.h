// An HTTP server in the test: keeps requests and answers them as told.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "test_peer.h"

namespace cistern::testing {

struct PeerRequest {
  std::string method, target;
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;                            // decompressed
};
struct PeerAnswer {
  int status = 200;
  std::string body;
  std::vector<std::string> headers;
  enum class Then { kKeep, kHang, kReset, kCut } then = Then::kKeep;  // kHang, kReset: instead of the answer
};

class HttpPeer {
 public:
  using Answer = std::function<PeerAnswer(const PeerRequest&)>;
  explicit HttpPeer(Answer answer, const TestCertificate* certificate = nullptr);

  std::string url(const std::string& path = "/in") const;
  std::uint16_t port() const { return peer_.port(); }
  int connections() const { return peer_.connections(); }
  std::vector<PeerRequest> requests() const;

 private:
  void Serve(PeerConnection& connection);

  const Answer answer_;
  const TestCertificate* const certificate_;
  mutable std::mutex mutex_;
  std::vector<PeerRequest> requests_;  // guarded by mutex_
  TestPeer peer_;                      // last: its thread uses what is above
};

// What gzip made of a text.
std::string Gunzip(const std::string& data);

}  // namespace cistern::testing
