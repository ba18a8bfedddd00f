#include "service/forward/smtp_client.h"

#include <algorithm>
#include <charconv>

#include "cistern/v1/target.pb.h"
#include "proto/convert/escape.h"
#include "proto/yaml/units.h"
#include "service/forward/mail_text.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestLine = 500;
constexpr std::size_t kMostExchanges = 1000;

bool IsPermanent(int code) { return code >= 500 && code < 600; }

void AddPart(curl_mime* parts, const std::string& text, const char* type) {
  curl_mimepart* part = curl_mime_addpart(parts);
  curl_mime_data(part, text.data(), text.size());
  curl_mime_type(part, type);
  curl_mime_encoder(part, "quoted-printable");
}

struct FreeMime {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};

}  // namespace

Result<std::unique_ptr<SmtpClient>, Failure> SmtpClient::Make(const v1::MailTarget& mail,
                                                              SinkContext context) {
  std::unique_ptr<SmtpClient> client(new SmtpClient(mail, std::move(context)));
  if (auto failure = client->ReadPassword()) return std::move(*failure);
  const auto endpoint = ParseEndpoint(mail.server());
  const milliseconds timeout(std::max<std::int64_t>(mail.timeout() / 1'000'000, 1));
  auto transfer = CurlTransfer::Make({.protocol = mail.security() == "tls" ? "smtps" : "smtp",
                                      .host = endpoint ? endpoint->host : std::string(),
                                      .port = std::to_string(endpoint ? endpoint->port : 0),
                                      .connect_timeout = timeout,
                                      .timeout = timeout,
                                      .tls = mail.has_tls() ? &mail.tls() : nullptr,
                                      .is_own_address = client->context_.is_own_address});
  if (!transfer) return std::move(transfer.error());
  client->transfer_ = std::move(*transfer);
  for (const std::string& to : mail.to()) {
    const std::string plain = '<' + PlainAddress(to) + '>';
    client->recipients_.reset(curl_slist_append(client->recipients_.release(), plain.c_str()));
  }
  return client;
}

std::optional<Failure> SmtpClient::ReadPassword() {
  if (mail_.password().empty()) return std::nullopt;
  auto password = ReadSecret(mail_.password());
  if (!password) return Failure{FailureReason::kConfiguration, std::move(password.error())};
  password_ = std::move(*password);
  return std::nullopt;
}

// What libcurl tells of the dialog is the only way to know which recipient an answer is about.
int SmtpClient::Listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto& client = *static_cast<SmtpClient*>(self);
  std::string_view lines(data, size);
  while (!lines.empty() && (type == CURLINFO_HEADER_OUT || type == CURLINFO_HEADER_IN)) {
    const std::size_t end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    type == CURLINFO_HEADER_OUT ? client.NoteCommand(line) : client.NoteAnswer(line);
  }
  return 0;
}

void SmtpClient::NoteCommand(std::string_view line) {
  if (dialog_.size() >= kMostExchanges) return;
  const bool ours = line.starts_with("MAIL ") || line.starts_with("RCPT ") || line.starts_with("EHLO ") ||
                    line == "DATA" || line == "STARTTLS" || line == "QUIT";
  dialog_.push_back({ours ? std::string(line.substr(0, kLongestLine)) : "AUTH", {}, 0});
}

void SmtpClient::NoteAnswer(std::string_view line) {
  if (dialog_.size() >= kMostExchanges) return;
  int code = 0;
  std::from_chars(line.data(), line.data() + std::min<std::size_t>(line.size(), 3), code);
  if (code == 0) return;
  // The answer to DATA is 354; the next one is to the mail itself. Without a command it is the greeting.
  if (dialog_.empty()) dialog_.push_back({"connect", {}, 0});
  if (dialog_.back().code == 354) dialog_.push_back({"mail", {}, 0});
  dialog_.back().answer = Visible(line.substr(0, kLongestLine));
  dialog_.back().code = code;
}

void SmtpClient::SetServer(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_URL, transfer_->base().c_str());
  if (mail_.security() == "starttls")
    curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!mail_.user().empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, mail_.user().c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, password_.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, ('<' + PlainAddress(mail_.from()) + '>').c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients_.get());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &SmtpClient::Listen);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
  const auto discard = +[](char*, std::size_t size, std::size_t count, void*) { return size * count; };
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
}

SmtpClient::List SmtpClient::Headers(const Mail& mail) const {
  List list;
  const auto add = [&](const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
  };
  add("Date: " + mail.date);
  add("From: " + HeaderAddress(mail_.from()));
  add("To: " + HeaderAddresses({mail_.to().begin(), mail_.to().end()}));
  if (!mail_.reply_to().empty()) add("Reply-To: " + HeaderAddress(mail_.reply_to()));
  add("Subject: " + HeaderText(mail.subject));
  add("Message-ID: <" + mail.message_id + '>');
  add("Auto-Submitted: auto-generated");
  return list;
}

Result<std::string, Failure> SmtpClient::Send(const Mail& mail, const Stop& stop) {
  CURL* easy = transfer_->Begin();
  SetServer(easy);
  dialog_.clear();
  const List headers = Headers(mail);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  const std::unique_ptr<curl_mime, FreeMime> whole(curl_mime_init(easy));
  curl_mime* parts = curl_mime_init(easy);
  AddPart(parts, mail.text, "text/plain; charset=utf-8");
  AddPart(parts, mail.html, "text/html; charset=utf-8");
  curl_mimepart* part = curl_mime_addpart(whole.get());
  curl_mime_subparts(part, parts);
  curl_mime_type(part, "multipart/alternative");
  curl_easy_setopt(easy, CURLOPT_MIMEPOST, whole.get());
  const auto failure = transfer_->Perform(stop);
  if (!failure) peer_ = transfer_->peer();
  Report();
  return Judge(failure);
}

void SmtpClient::Report() const {
  transfer_->Report(context_.observe);
  for (const Exchange& exchange : dialog_) {
    if (exchange.code > 0 && exchange.code < 400) context_.observe({exchange.command, exchange.answer});
  }
}

// The dialog decides where it came to an end of the mail, else what libcurl says.
Result<std::string, Failure> SmtpClient::Judge(const std::optional<Failure>& failure) {
  std::string refused;
  int recipients = 0;
  bool accepted = false, ended = false, later = false;
  for (const auto& [command, answer, code] : dialog_) {
    const bool recipient = command.starts_with("RCPT ");
    const bool mail = command.starts_with("MAIL ") || command == "DATA" || command == "mail";
    accepted = accepted || (command == "mail" && code > 0 && code < 400);
    if ((!recipient && !mail) || code < 400) continue;
    refused += (refused.empty() ? "" : "; ") + command + ": " + answer;
    recipients += recipient;
    // 530 asks for a password and is not about this mail.
    later = later || !IsPermanent(code) || code == 530;
    ended = ended || mail || recipients == mail_.to_size();
  }
  if (accepted) return refused;
  transfer_->Disconnect();
  if (ended && !later) return refused;
  if (!ended && failure) return *failure;
  return Failure{FailureReason::kRejected, transfer_->name() + ": " + refused};
}

}  // namespace cistern
