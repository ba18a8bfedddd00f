// A mail server in the test: keeps mails and answers commands as told.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "test_peer.h"

namespace cistern::testing {

struct PeerMail {
  std::string from;
  std::vector<std::string> to;  // those that were accepted
  std::string auth;             // what came with AUTH PLAIN, decoded as it is
  bool tls = false;
  std::string data;  // headers and body, dots unstuffed
  // A header with its folded lines; empty when absent.
  std::string Header(const std::string& name) const;
  // The decoded part of that type.
  std::string Part(const std::string& type) const;
};

class SmtpPeer {
 public:
  struct Options {
    const TestCertificate* certificate = nullptr;  // null: no STARTTLS
    bool tls_at_once = false;
    bool auth = false;
    // An answer to a command (`mail` stands for the end of the data; `connect` for the greeting) instead of
    // the usual one; empty: the usual one; `hang`: none; `reset`: the connection breaks.
    std::function<std::string(const std::string& command)> answer = {};
  };
  explicit SmtpPeer(Options options);
  SmtpPeer() : SmtpPeer(Options{}) {}

  std::string server() const { return "127.0.0.1:" + std::to_string(peer_.port()); }
  std::uint16_t port() const { return peer_.port(); }
  int connections() const { return peer_.connections(); }
  std::vector<PeerMail> mails() const;

 private:
  void Serve(PeerConnection& connection);
  bool Answer(PeerConnection& connection, const std::string& command, const std::string& usual);
  bool Command(PeerConnection& connection, const std::string& line, PeerMail& mail);
  void Keep(const PeerMail& mail);
  void DropLast();
  bool TakeData(PeerConnection& connection, PeerMail& mail);

  const Options options_;
  std::string answered_;  // by the thread
  mutable std::mutex mutex_;
  std::vector<PeerMail> mails_;  // guarded by mutex_
  TestPeer peer_;                // last: its thread uses what is above
};

std::string UnquotePrintable(const std::string& text);

}  // namespace cistern::testing
