#include "smtp_peer.h"

#include <algorithm>

namespace cistern::testing {

std::string UnquotePrintable(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.compare(i, 3, "=\r\n") == 0) {
      i += 2;
    } else {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  for (std::size_t at; (at = out.find("\r\n")) != std::string::npos;) out.erase(at, 1);
  return out;
}

std::string PeerMail::Header(const std::string& name) const {
  const std::size_t end = data.find("\r\n\r\n");
  const std::string headers = "\r\n" + data.substr(0, end) + "\r\n";
  const std::size_t start = headers.find("\r\n" + name + ": ");
  if (start == std::string::npos) return {};
  std::size_t stop = headers.find("\r\n", start + 2);
  while (stop + 2 < headers.size() && headers[stop + 2] == ' ') stop = headers.find("\r\n", stop + 2);
  const std::size_t value = start + name.size() + 4;
  return headers.substr(value, stop - value);
}

std::string PeerMail::Part(const std::string& type) const {
  const std::size_t part = data.find("Content-Type: " + type);
  if (part == std::string::npos) return {};
  const std::size_t start = data.find("\r\n\r\n", part) + 4;
  return UnquotePrintable(data.substr(start, data.find("\r\n--", start) - start));
}

SmtpPeer::SmtpPeer(Options options)
    : options_(std::move(options)), peer_([this](PeerConnection& connection) { Serve(connection); }) {}

std::vector<PeerMail> SmtpPeer::mails() const {
  const std::lock_guard lock(mutex_);
  return mails_;
}

// False: the connection ends. `answered_` tells what was said.
bool SmtpPeer::Answer(PeerConnection& connection, const std::string& command, const std::string& usual) {
  answered_ = options_.answer ? options_.answer(command) : std::string();
  if (answered_ == "hang") return connection.Hang(), false;
  if (answered_ == "reset") return connection.Reset(), false;
  if (answered_.empty()) answered_ = usual;
  return connection.Write(answered_ + "\r\n");
}

void SmtpPeer::Keep(const PeerMail& mail) {
  const std::lock_guard lock(mutex_);
  mails_.push_back(mail);
}

void SmtpPeer::DropLast() {
  const std::lock_guard lock(mutex_);
  mails_.pop_back();
}

bool SmtpPeer::TakeData(PeerConnection& connection, PeerMail& mail) {
  std::string line;
  while (connection.ReadLine(line)) {
    if (line == ".") {
      // Kept before the answer, so that who has the answer finds it.
      Keep(mail);
      const bool goes_on = Answer(connection, "mail", "250 taken");
      if (!answered_.starts_with('2')) DropLast();
      return goes_on;
    }
    mail.data += (line.starts_with('.') ? line.substr(1) : line) + "\r\n";
  }
  return false;
}

bool SmtpPeer::Command(PeerConnection& connection, const std::string& line, PeerMail& mail) {
  const auto inside = [&] { return line.substr(line.find('<') + 1, line.find('>') - line.find('<') - 1); };
  if (line.starts_with("EHLO")) {
    const bool tls = options_.certificate != nullptr && !mail.tls;
    return Answer(connection, line,
                  std::string("250-test\r\n") + (tls ? "250-STARTTLS\r\n" : "") +
                      (options_.auth ? "250-AUTH PLAIN\r\n" : "") + "250 8BITMIME");
  }
  if (line == "STARTTLS") {
    mail.tls = true;
    return Answer(connection, line, "220 go") && connection.StartTls(*options_.certificate);
  }
  if (line.starts_with("MAIL ")) {
    const bool tls = mail.tls;
    const std::string auth = mail.auth;
    mail = {.from = inside(), .to = {}, .auth = auth, .tls = tls, .data = {}};
    return Answer(connection, line, "250 ok");
  }
  if (line.starts_with("RCPT ")) {
    if (!Answer(connection, line, "250 ok")) return false;
    if (answered_.starts_with('2')) mail.to.push_back(inside());
    return true;
  }
  if (line == "DATA") {
    if (!Answer(connection, line, "354 go")) return false;
    return answered_.starts_with('3') ? TakeData(connection, mail) : true;
  }
  if (line == "QUIT") return Answer(connection, line, "221 bye"), false;
  return Answer(connection, line, "250 ok");
}

void SmtpPeer::Serve(PeerConnection& connection) {
  PeerMail mail;
  mail.tls = options_.tls_at_once;
  if (options_.tls_at_once && !connection.StartTls(*options_.certificate)) return;
  if (!Answer(connection, "connect", "220 test")) return;
  for (std::string line; connection.ReadLine(line);) {
    if (line.starts_with("AUTH PLAIN")) {
      std::string answer = line.substr(std::min<std::size_t>(line.size(), 11));
      if (answer.empty() && (!connection.Write("334 \r\n") || !connection.ReadLine(answer))) return;
      mail.auth = answer;
      if (!Answer(connection, "AUTH", "235 welcome")) return;
    } else if (!Command(connection, line, mail)) {
      return;
    }
  }
}

}  // namespace cistern::testing
