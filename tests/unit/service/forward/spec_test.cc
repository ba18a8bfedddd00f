// What is refused of a definition before it runs, with the path of the field.
#include "service/forward/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "cistern/v1/target.pb.h"
#include "proto/yaml/reader.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

std::string ErrorsOf(const std::string& yaml) {
  v1::Target target;
  Origins origins;
  YamlErrors errors;
  ReadYaml(yaml, {{OriginKind::kFile, "t.yaml"}, "/"}, {target, origins, errors});
  if (errors.empty()) errors = PrepareTarget(target);
  std::string text;
  for (const YamlError& error : errors.items) text += error.key + ": " + error.message + "\n";
  return text;
}

struct Case {
  const char* name;
  const char* yaml;
  const char* error;  // the beginning; empty: none
};

constexpr Case kCases[] = {
    {"Complete", "{name: a, syslog: {addresses: [\"logs.example.net:514\"]}}", ""},
    {"NoKind", "{name: a}", ": needs one of "},
    {"BadName", "{name: A b, console: {}}", "name: \"A b\" is not a name"},
    {"BadFilter", "{name: a, filter: \"(x\", console: {}}", "filter: at byte 2: "},
    {"BadStart", "{name: a, from: yesterday, console: {}}", "from: \"yesterday\" is not where"},
    {"NoAddress", "{name: a, syslog: {}}", "syslog.addresses: is required"},
    {"AddressWithoutPort", "{name: a, syslog: {addresses: [logs]}}",
     "syslog.addresses[0]: \"logs\" is not HOST:PORT"},
    {"PortZero", "{name: a, syslog: {addresses: [\"192.0.2.1:0\"]}}", "syslog.addresses[0]: "},
    {"TlsWithLf", "{name: a, syslog: {addresses: [\"a:1\"], transport: tls, framing: lf}}",
     "syslog.framing: "},
    {"TlsGroupWithTcp", "{name: a, syslog: {addresses: [\"a:1\"], tls: {}}}",
     "syslog.tls: is for transport: tls"},
    {"CertificateWithoutKey",
     "{name: a, syslog: {addresses: [\"a:1\"], transport: tls, tls: {cert_file: /c}}}",
     "syslog.tls.key_file: is required"},
    {"RelativePath", "{name: a, file: {path: logs/x}}", "file.path: must be an absolute path"},
    {"DotDot", "{name: a, file: {path: /var/log/../x}}", "file.path: holds `..`"},
    {"UnknownPlaceholder", "{name: a, file: {path: \"/var/{hostt}\"}}", "file.path: {hostt} is not known"},
    {"NameAsOfARotatedFile", "{name: a, file: {path: \"/log/{host}\"}}",
     "file.path: ends in what a sender may choose"},
    {"SameWithoutRotation", "{name: a, file: {path: \"/log/{host}\", rotate_bytes: 0}}", ""},
    {"LongName", "{name: a, file: {path: \"/log/{host}{app}{listener}{peer}.log\"}}",
     "file.path: may make a name of more than 240 octets"},
    {"ModeNotOctal", "{name: a, file: {path: /x, mode: \"0888\"}}",
     "file.mode: \"0888\" is not an octal mode"},
    {"ModeWithoutOwner", "{name: a, file: {path: /x, mode: \"0060\"}}",
     "file.mode: \"0060\" keeps the daemon itself"},
    {"ColumnsWithoutCsv", "{name: a, file: {path: /x, columns: [host]}}", "file.columns: is for format: csv"},
    {"UnknownColumn", "{name: a, file: {path: /x, format: csv, columns: [hots]}}",
     "file.columns[0]: \"hots\""},
    {"NotAUrl", "{name: a, http: {url: \"ftp://x\"}}", "http.url: \"ftp://x\" is not a URL"},
    {"CredentialsInUrl", "{name: a, http: {url: \"http://u:p@x/\"}}", "http.url: holds credentials"},
    {"HeaderInjection", "{name: a, http: {url: \"http://x\", headers: [{name: A, value: \"b\\r\\nC: d\"}]}}",
     "http.headers[0].value: holds a control character"},
    {"HeaderName", "{name: a, http: {url: \"http://x\", headers: [{name: \"A B\", value: c}]}}",
     "http.headers[0].name: "},
    {"SecretInTheOpen", "{name: a, http: {url: \"http://x\", token: hunter2}}", "http.token: "},
    {"TemplateWithoutBody", "{name: a, http: {url: \"http://x\", preset: template}}",
     "http.body: is required"},
    {"PlainToAnotherMachine", "{name: a, cistern: {address: \"logs.example.net:5141\"}}",
     "cistern.tls: is required"},
    {"PlainOnLoopback", "{name: a, cistern: {address: \"127.0.0.1:5141\"}}", ""},
    {"Topic", "{name: a, kafka: {brokers: [\"k:9092\"], topic: a/b}}", "kafka.topic: "},
    {"SubjectInjection",
     "{name: a, mail: {server: \"m:25\", from: a@b, to: [c@d], subject: \"x\\nBcc: e@f\"}}",
     "mail.subject: holds a control character"},
    {"SubjectNameSuggested",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: \"{{cuont}} new\"}}",
     "mail.subject: {{cuont}} stands for nothing here; there are target, count, shown, more, group, "
     "first_time, "
     "last_time, time_title, severity_title, host_title or app_title; did you mean count?"},
    {"SubjectNameOfARecord",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: "
     "\"{{tag.event.rule}}\"}}",
     "mail.subject: {{tag.event.rule}} stands for nothing here; there are target, count, shown, more, group, "
     "first_time, last_time, time_title, severity_title, host_title or app_title; it is a name of a record: "
     "put it "
     "between {{#records}}"},
    {"SubjectOfOneRecord",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: "
     "\"{{target}} {{#one}}{{ tag.event.rule }} {{tag_x:h}} {{#event}}{{title}}{{/event}}{{/one}}\"}}",
     ""},
    {"SubjectSectionUnknown",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: "
     "\"{{#event}}x{{/event}}\"}}",
     "mail.subject: {{#event}} stands for nothing here"},
    {"SubjectSectionWithoutEnd",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: "
     "\"{{#one}}{{host}}\"}}",
     "mail.subject: has {{#one}} without its end"},
    {"SubjectIncludesAFile",
     "{name: a, mail: {server: \"m:25\", security: none, from: a@b, to: [c@d], subject: "
     "\"{{>/etc/passwd}}\"}}",
     "mail.subject: holds {{>/etc/passwd}}; templates cannot include files"},
    {"RecipientInjection", "{name: a, mail: {server: \"m:25\", from: a@b, to: [\"c@d\\r\\nBcc: e@f\"]}}",
     "mail.to[0]: "},
    {"PasswordInPlainText",
     "{name: a, mail: {server: \"m:25\", security: none, user: u, password: \"env:P\", from: a@b, to: "
     "[c@d]}}",
     "mail.security: a password is not sent in plain text"},
    {"TableInjection", "{name: a, mariadb: {socket: /s, user: u, database: d, table: \"t; DROP\"}}",
     "mariadb.table: "},
    {"AddressAndSocket", "{name: a, mariadb: {socket: /s, address: \"h:1\", user: u, database: d}}",
     "mariadb.address: give either"},
};

class SpecTest : public ::testing::TestWithParam<Case> {};

TEST_P(SpecTest, TellsWhatIsWrongAndWhere) {
  const std::string errors = ErrorsOf(GetParam().yaml);
  if (GetParam().error[0] == '\0') {
    EXPECT_EQ(errors, "");
  } else {
    EXPECT_TRUE(errors.starts_with(GetParam().error)) << errors;
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, SpecTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(PrepareTarget, ChecksValuesThatCameFromElsewhereThanYaml) {
  v1::Target target;
  target.set_name("a");
  target.mutable_syslog()->add_addresses("a:1");
  target.mutable_syslog()->set_transport("smoke");
  const YamlErrors errors = PrepareTarget(target);
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.items[0].key, "syslog.transport");
}

TEST(PrepareTarget, TlsIsThereWhereItIsSpoken) {
  v1::Target target;
  target.set_name("a");
  target.mutable_syslog()->add_addresses("a:1");
  target.mutable_syslog()->set_transport("tls");
  EXPECT_TRUE(PrepareTarget(target).empty());
  EXPECT_EQ(target.syslog().tls().verify(), "full");
}

TEST(ReadSecret, TakesTheContentWithoutTheLineEnd) {
  const TempFolder folder;
  std::ofstream(folder.path() + "/s") << "hunter2\r\n";
  EXPECT_EQ(*ReadSecret("file:" + folder.path() + "/s"), "hunter2");
  setenv("CISTERN_TEST_SECRET", "x", 1);
  EXPECT_EQ(*ReadSecret("env:CISTERN_TEST_SECRET"), "x");
}

TEST(ReadSecret, SaysWhatIsMissing) {
  unsetenv("CISTERN_TEST_SECRET");
  EXPECT_EQ(ReadSecret("env:CISTERN_TEST_SECRET").error(),
            "the environment variable CISTERN_TEST_SECRET is not set");
  EXPECT_EQ(ReadSecret("file:/nowhere").error(), "the file /nowhere cannot be read");
}

}  // namespace
}  // namespace cistern
