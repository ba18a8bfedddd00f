#include "service/forward/path_template.h"

#include <gtest/gtest.h>

#include "ingest/message/tags.h"
#include "temp_files.h"

namespace cistern {
namespace {

std::string Expanded(std::string_view text, const Record& record) {
  const auto path = PathTemplate::Parse(text);
  EXPECT_TRUE(path.has_value()) << text;
  std::string out = "old";
  if (path) path->Expand(record, out);
  return out;
}

std::string ErrorOf(std::string_view text) {
  const auto path = PathTemplate::Parse(text);
  return path ? "" : path.error();
}

TEST(PathTemplateTest, ValuesStandForNames) {
  Record record;
  record.peer = *IpAddress::Parse("2001:db8::1");
  record.hostname = "web-1.example";
  record.app_name = "sshd";
  record.facility = 10;
  record.severity = 3;
  record.listener = "tcp_main";
  record.transport = Transport::kTls;
  record.received = 1'795'262'400 * kSecond - 1;  // 2026-11-21T11:59:59.999999999Z
  EXPECT_EQ(Expanded("/log/{peer}/{host}/{app}.{facility}.{severity}", record),
            "/log/2001:db8::1/web-1.example/sshd.authpriv.err");
  EXPECT_EQ(Expanded("/log/{listener}-{transport}", record), "/log/tcp_main-tls");
  EXPECT_EQ(Expanded("/log/{year}/{month}/{day}/{hour}.log", record), "/log/2026/11/21/11.log");
  EXPECT_EQ(Expanded("/log/all", record), "/log/all");
}

TEST(PathTemplateTest, TagsStandForTheirValues) {
  std::string tags;
  AppendTag(tags, "event.rule", "login/failed");
  Record record;
  record.tags = tags;
  EXPECT_EQ(Expanded("/log/{tag.event.rule}.csv", record), "/log/login_failed.csv");
  EXPECT_EQ(Expanded("/log/{tag.other}.csv", record), "/log/none.csv");
  EXPECT_TRUE(PathTemplate::Parse("/log/{tag.a}")->ends_in_sender_text());
  EXPECT_NE(ErrorOf("/log/{tag.}"), "");
}

TEST(PathTemplateTest, TimesHaveTwoDigitsAndMayBeBeforeTheEpoch) {
  Record record;
  record.received = 0;
  EXPECT_EQ(Expanded("/{year}-{month}-{day}-{hour}", record), "/1970-01-01-00");
  record.received = -1;
  EXPECT_EQ(Expanded("/{year}-{month}-{day}-{hour}", record), "/1969-12-31-23");
}

TEST(PathTemplateTest, NoValueLeavesItsFolder) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"", "none"},
      {".", "_"},
      {"..", "__"},
      {"...hidden", "___hidden"},
      {".bashrc", "_bashrc"},
      {"../../etc/passwd", "___.._etc_passwd"},
      {"/etc/passwd", "_etc_passwd"},
      {"a/../b", "a_.._b"},
      {"a b\tc\n", "a_b_c_"},
      {std::string_view("a\0b", 3), "a_b"},
      {"$(reboot)", "__reboot_"},
      {"gr\xc3\xbc\xc3\x9f", "gr____"},
      {"*?[]|;&<>'\"`\\~", "______________"},
      {"{peer}", "_peer_"},
      {"fe80::1:2", "fe80::1:2"},
      {"-rf", "-rf"},
      {"a.log", "a.log"},
  };
  for (const auto& [value, name] : cases) {
    Record record;
    record.hostname = value;
    EXPECT_EQ(Expanded("/log/{host}/x", record), "/log/" + name + "/x") << value;
  }
}

TEST(PathTemplateTest, EveryOctetKeepsThePathInItsFolder) {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string value = {static_cast<char>(octet), '.', static_cast<char>(octet)};
    Record record;
    record.app_name = value;
    const std::string path = Expanded("/log/{app}", record);
    EXPECT_EQ(path.size(), 8u);
    EXPECT_EQ(path.rfind('/'), 4u) << octet;
    EXPECT_NE(path, "/log/...");
  }
}

TEST(PathTemplateTest, LongValuesAreCut) {
  const std::string host(1000, 'x');
  Record record;
  record.hostname = host;
  EXPECT_EQ(Expanded("/{host}", record), "/" + host.substr(0, 64));
}

TEST(PathTemplateTest, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "absolute"},
      {"log/x", "absolute"},
      {"{host}/x", "absolute"},
      {"/log/", "folder"},
      {"/log/../x", "`..`"},
      {"/..", "`..`"},
      {"/log/{host}/..", "`..`"},
      {"/log/{hosts}", "{hosts} is not known; there are peer, host"},
      {"/log/{}", "{} is not known"},
      {"/log/{host", "brace"},
      {"/log/host}", "brace"},
      {std::string_view("/log/\0x", 7), "control"},
      {"/log/a\nb", "control"},
      {"/log/{host}{app}{listener}{peer}", "240 octets"},
  };
  for (const auto& [text, what] : cases)
    EXPECT_NE(ErrorOf(text).find(what), std::string::npos) << text << ": " << ErrorOf(text);
}

TEST(PathTemplateTest, DotsThatAreNoStepUpAreFine) {
  EXPECT_EQ(ErrorOf("/log/..x/y...z/a..b"), "");
  EXPECT_EQ(ErrorOf("/log/{host}/{app}/{listener}/{peer}.{year}.log"), "");
}

TEST(PathTemplateTest, KnowsTheFolderThatIsTheOperators) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"/var/log/all.log", 8}, {"/all.log", 0}, {"/var/log/{host}.log", 8}, {"/var/log/x-{host}/{app}/a", 8}};
  for (const auto& [text, size] : cases) EXPECT_EQ(PathTemplate::Parse(text)->folder_size(), size) << text;
}

TEST(PathTemplateTest, KnowsWhatASenderMayEndItWith) {
  EXPECT_TRUE(PathTemplate::Parse("/log/{host}")->ends_in_sender_text());
  EXPECT_TRUE(PathTemplate::Parse("/log/x-{app}")->ends_in_sender_text());
  EXPECT_FALSE(PathTemplate::Parse("/log/{host}.log")->ends_in_sender_text());
  EXPECT_FALSE(PathTemplate::Parse("/log/{peer}")->ends_in_sender_text());
  EXPECT_FALSE(PathTemplate::Parse("/log/all")->ends_in_sender_text());
}

}  // namespace
}  // namespace cistern
