// Hands mails to one mail server, over one connection as long as mails follow each other.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/forward/curl_transfer.h"

namespace cistern {

namespace v1 {
class MailTarget;
}

struct Mail {
  std::string message_id;  // without angle brackets
  std::string date, subject, text, html;
};

class SmtpClient {
 public:
  // `mail` outlives it. kConfiguration: the password or a file of the TLS options cannot be read.
  static Result<std::unique_ptr<SmtpClient>, Failure> Make(const v1::MailTarget& mail, SinkContext context);

  // What the server says against the mail, or against some recipients while the others have it; empty:
  // everybody has it. A failure closes the connection; nobody is known to have it then.
  Result<std::string, Failure> Send(const Mail& mail, const Stop& stop);
  void Disconnect() { transfer_->Disconnect(); }
  // Where it was connected to last.
  const std::string& peer() const { return peer_; }

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, FreeList>;
  // A command and what the server answered to it.
  struct Exchange {
    std::string command;  // `RCPT TO:<ops@example.net>`; of AUTH only that
    std::string answer;   // the last line
    int code = 0;
  };

  SmtpClient(const v1::MailTarget& mail, SinkContext context) : mail_(mail), context_(std::move(context)) {}
  std::optional<Failure> ReadPassword();
  static int Listen(CURL* easy, curl_infotype type, char* data, std::size_t size, void* self);
  void NoteCommand(std::string_view line);
  void NoteAnswer(std::string_view line);
  void SetServer(CURL* easy);
  List Headers(const Mail& mail) const;
  Result<std::string, Failure> Judge(const std::optional<Failure>& failure);
  void Report() const;

  const v1::MailTarget& mail_;
  const SinkContext context_;
  std::unique_ptr<CurlTransfer> transfer_;
  std::string password_, peer_;
  List recipients_;
  std::vector<Exchange> dialog_;  // of the last mail
};

}  // namespace cistern
