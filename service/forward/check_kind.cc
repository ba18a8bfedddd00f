// What is to be known of each kind of target before it is asked to work.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <filesystem>

#include "cistern/v1/target.pb.h"
#include "ingest/message/ip_address.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/units.h"
#include "service/forward/check.h"
#include "service/forward/index_name.h"
#include "service/forward/mail_names.h"
#include "service/forward/path_template.h"
#include "storage/filter/field_template.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void CheckTls(const v1::TlsClientConfig& tls, const std::string& path, const TargetCheck& check) {
  if (tls.cert_file().empty() != tls.key_file().empty())
    check.Fail(path + (tls.cert_file().empty() ? ".cert_file" : ".key_file"),
               "is required: a certificate and its key go together");
}

// For libraries that take the name from the address.
void CheckNoServerName(const v1::TlsClientConfig& tls, const std::string& path, const TargetCheck& check) {
  if (!tls.server_name().empty())
    check.Fail(path + ".server_name", "cannot be given here: the certificate is for the host of the address");
}

void CheckField(const std::string& name, const std::string& path, const TargetCheck& check) {
  if (const auto field = ParseField(name); !field)
    check.Fail(path, Quoted(name) + " is not a field: expected " + field.error().expected);
}

void CheckFields(const google::protobuf::RepeatedPtrField<std::string>& names, const std::string& path,
                 const TargetCheck& check) {
  for (int i = 0; i < names.size(); ++i) CheckField(names[i], JoinIndex(path, i), check);
}

void CheckSyslog(const v1::SyslogTarget& syslog, const TargetCheck& check) {
  if (syslog.transport() != "tls" && syslog.has_tls()) check.Fail("syslog.tls", "is for transport: tls");
  CheckTls(syslog.tls(), "syslog.tls", check);
  if (syslog.transport() == "tls" && syslog.framing() != "octet")
    check.Fail("syslog.framing", "TLS has octet counts (RFC 5425 section 4.3)");
}

void CheckFile(const v1::FileTarget& file, const TargetCheck& check) {
  const auto path = PathTemplate::Parse(file.path());
  const bool rotates = file.rotate_bytes() > 0 || file.rotate_interval() > 0;
  if (!path) {
    check.Fail("file.path", path.error());
  } else if (rotates && path->ends_in_sender_text()) {
    check.Fail(
        "file.path",
        "ends in what a sender may choose, which may look like the name of a rotated file; add `.log`");
  }
  CheckFields(file.columns(), "file.columns", check);
  if (file.columns_size() > 0 && file.format() != "csv") check.Fail("file.columns", "is for format: csv");
  const std::string& mode = file.mode();
  if (mode.size() > 4 || mode.empty() || mode.find_first_not_of("01234567") != std::string::npos)
    check.Fail("file.mode", Quoted(mode) + " is not an octal mode such as 0640");
  else if ((std::stoul(mode, nullptr, 8) & 0600) != 0600)
    check.Fail("file.mode", Quoted(mode) + " keeps the daemon itself from reading and writing its files");
}

bool IsHeaderName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

// Headers that say how a request is put together; that is not for a definition to say.
bool IsFraming(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::string_view kNames[] = {"connection", "content-encoding",  "content-length", "expect",
                                         "te",         "transfer-encoding", "trailer",        "upgrade"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

void CheckHeader(const v1::HttpHeader& header, const std::string& path, const TargetCheck& check) {
  if (!IsHeaderName(header.name()))
    check.Fail(path + ".name",
               Quoted(header.name()) + " is not the name of a header (RFC 9110 section 5.6.2)");
  if (IsFraming(header.name())) check.Fail(path + ".name", header.name() + " is set by Cistern itself");
  if (HasControl(header.value()))
    check.Fail(path + ".value", "holds a control character; a header is one line");
  if (!header.value().empty() && !header.value_from().empty())
    check.Fail(path + ".value_from", "is instead of value; give one of them");
}

void CheckUrl(const v1::HttpTarget& http, const TargetCheck& check) {
  const std::string& url = http.url();
  const bool secure = url.starts_with("https://");
  const std::size_t host = secure ? 8 : 7;
  if ((!secure && !url.starts_with("http://")) || url.size() <= host || url[host] == '/' || HasControl(url) ||
      url.find(' ') != std::string::npos)
    check.Fail("http.url", Quoted(url) + " is not a URL such as https://logs.example.net/insert");
  if (const std::size_t at = url.find('@'); at != std::string::npos && at < url.find('/', host))
    check.Fail("http.url", "holds credentials; use user and password, or token");
  if (!secure && http.has_tls()) check.Fail("http.tls", "is for https URLs");
}

void CheckHttpBody(const v1::HttpTarget& http, const TargetCheck& check) {
  if ((http.preset() == "template") != !http.body().empty())
    check.Fail("http.body",
               http.body().empty() ? "is required with preset: template" : "is for preset: template");
  if (const auto body = FieldTemplate::Parse(http.body()); !body) check.Fail("http.body", body.error());
  if (HasControl(http.content_type())) check.Fail("http.content_type", "holds a control character");
  if (const auto wrong = CheckIndexName(http.index()))
    check.Fail("http.index", Quoted(http.index()) + ' ' + *wrong);
  CheckFields(http.labels(), "http.labels", check);
}

void CheckHttp(const v1::HttpTarget& http, const TargetCheck& check) {
  CheckUrl(http, check);
  for (int i = 0; i < http.headers_size(); ++i)
    CheckHeader(http.headers(i), JoinIndex("http.headers", i), check);
  if (!http.token().empty() && !http.user().empty())
    check.Fail("http.token", "is instead of user and password; give one of them");
  if (http.user().empty() && !http.password().empty()) check.Fail("http.user", "is required with password");
  CheckHttpBody(http, check);
  CheckTls(http.tls(), "http.tls", check);
}

void CheckCistern(const v1::CisternTarget& cistern, const TargetCheck& check) {
  CheckTls(cistern.tls(), "cistern.tls", check);
  const auto endpoint = ParseEndpoint(cistern.address());
  const auto address = endpoint ? IpAddress::Parse(endpoint->host) : std::nullopt;
  const bool loopback = endpoint && (endpoint->host == "localhost" ||
                                     (address && (*address == *IpAddress::Parse("::1") ||
                                                  IpNetwork::Parse("127.0.0.0/8")->Contains(*address))));
  if (!cistern.has_tls() && !loopback)
    check.Fail("cistern.tls",
               "is required for an address that is not loopback; `tls: {}` takes the system's authorities");
}

void CheckKafka(const v1::KafkaTarget& kafka, const TargetCheck& check) {
  CheckTls(kafka.tls(), "kafka.tls", check);
  CheckNoServerName(kafka.tls(), "kafka.tls", check);
  constexpr std::string_view kAllowed = "._-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const std::string& topic = kafka.topic();
  if (topic.empty() || topic.size() > 249 || topic.find_first_not_of(kAllowed) != std::string::npos ||
      topic == "." || topic == "..")
    check.Fail("kafka.topic", Quoted(topic) + " is not a topic: 1 to 249 letters, digits, ., _ and -");
  if (!kafka.key().empty()) CheckField(kafka.key(), "kafka.key", check);
  if (!kafka.sasl_mechanism().empty() && (kafka.user().empty() || kafka.password().empty()))
    check.Fail("kafka.user", "user and password are required with sasl_mechanism");
}

void CheckAddress(const std::string& address, const std::string& path, const TargetCheck& check) {
  const std::size_t open = address.rfind('<');
  const std::string_view plain = open != std::string::npos && address.ends_with('>')
                                     ? std::string_view(address).substr(open + 1, address.size() - open - 2)
                                     : std::string_view(address);
  const std::size_t at = plain.find('@');
  const bool whole = at != std::string_view::npos && at > 0 && at + 1 < plain.size() &&
                     plain.find('@', at + 1) == std::string_view::npos &&
                     plain.find_first_of(" <>,;\"") == std::string_view::npos;
  if (!whole || HasControl(address))
    check.Fail(path, Quoted(address) + " is not a mail address such as Operators <ops@example.net>");
}

void CheckMail(const v1::MailTarget& mail, const TargetCheck& check) {
  CheckAddress(mail.from(), "mail.from", check);
  for (int i = 0; i < mail.to_size(); ++i) CheckAddress(mail.to(i), JoinIndex("mail.to", i), check);
  if (!mail.reply_to().empty()) CheckAddress(mail.reply_to(), "mail.reply_to", check);
  if (HasControl(mail.subject()))
    check.Fail("mail.subject", "holds a control character; a subject is one line");
  if (const std::string wrong = CheckMailTemplate(mail.subject()); !wrong.empty())
    check.Fail("mail.subject", wrong);
  if (mail.user().empty() != mail.password().empty())
    check.Fail(mail.user().empty() ? "mail.user" : "mail.password",
               "is required: user and password go together");
  if (!mail.user().empty() && mail.security() == "none")
    check.Fail("mail.security", "a password is not sent in plain text; use starttls or tls");
  CheckTls(mail.tls(), "mail.tls", check);
  CheckFields(mail.group_by(), "mail.group_by", check);
}

void CheckMariadb(const v1::MariadbTarget& mariadb, const TargetCheck& check) {
  if (mariadb.address().empty() == mariadb.socket().empty())
    check.Fail("mariadb.address", "give either address or socket");
  const auto is_name = [](const std::string& name) {
    constexpr std::string_view kAllowed = "_$0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string::npos;
  };
  if (!is_name(mariadb.database()))
    check.Fail("mariadb.database",
               Quoted(mariadb.database()) + " is not a name: 1 to 64 letters, digits, _ and $");
  if (!is_name(mariadb.table()))
    check.Fail("mariadb.table", Quoted(mariadb.table()) + " is not a name: 1 to 64 letters, digits, _ and $");
  CheckTls(mariadb.tls(), "mariadb.tls", check);
  CheckNoServerName(mariadb.tls(), "mariadb.tls", check);
}

constexpr int kLongestList = 64;

// Of the kind's own keys: a definition is small.
void CheckListLengths(const v1::Target& target, const TargetCheck& check) {
  const auto* kind = v1::Target::descriptor()->FindFieldByNumber(static_cast<int>(target.kind_case()));
  if (kind == nullptr) return;
  const auto& group = target.GetReflection()->GetMessage(target, kind);
  for (int i = 0; i < group.GetDescriptor()->field_count(); ++i) {
    const auto* field = group.GetDescriptor()->field(i);
    if (field->is_repeated() && group.GetReflection()->FieldSize(group, field) > kLongestList)
      check.Fail(kind->name() + "." + field->name(), "has more than 64 entries");
  }
}

}  // namespace

void CheckKind(const v1::Target& target, const TargetCheck& check) {
  CheckListLengths(target, check);
  switch (target.kind_case()) {
    case v1::Target::kSyslog:
      return CheckSyslog(target.syslog(), check);
    case v1::Target::kFile:
      return CheckFile(target.file(), check);
    case v1::Target::kHttp:
      return CheckHttp(target.http(), check);
    case v1::Target::kCistern:
      return CheckCistern(target.cistern(), check);
    case v1::Target::kKafka:
      return CheckKafka(target.kafka(), check);
    case v1::Target::kMail:
      return CheckMail(target.mail(), check);
    case v1::Target::kMariadb:
      return CheckMariadb(target.mariadb(), check);
    case v1::Target::kConsole:
    case v1::Target::KIND_NOT_SET:
      return;
  }
}

void CheckTargetFiles(const v1::Target& target, YamlErrors& errors) {
  const auto check = [&](const std::string& file, const char* key) {
    if (file.empty()) return;
    const auto text = ReadMailTemplate(file);
    const std::string wrong = text ? CheckMailTemplate(*text) : text.error();
    if (!wrong.empty()) errors.Add({}, key, text ? file + ": " + wrong : wrong);
  };
  check(target.mail().text_template(), "mail.text_template");
  check(target.mail().html_template(), "mail.html_template");
}

}  // namespace cistern
