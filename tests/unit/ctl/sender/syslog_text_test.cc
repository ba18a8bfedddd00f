#include "ctl/sender/syslog_text.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

constexpr std::int64_t kTime = 1'772'600'767'123'456'789;  // 2026-03-04T05:06:07.123456789Z

std::string Render(const SyslogHeader& header, std::string_view text) {
  std::string out;
  AppendSyslog(header, kTime, text, out);
  return out;
}

const SyslogHeader kWhole = {.facility = 4,
                             .severity = 3,
                             .hostname = "h",
                             .app_name = "a",
                             .procid = "1",
                             .msgid = "ID",
                             .structured_data = "[x@1 k=\"v\"]"};

TEST(SyslogText, Rfc5424WithEveryField) {
  EXPECT_EQ(Render(kWhole, "text"), "<35>1 2026-03-04T05:06:07.123456Z h a 1 ID [x@1 k=\"v\"] text");
}

TEST(SyslogText, Rfc5424NilFieldsAndNoText) {
  EXPECT_EQ(Render({}, ""), "<13>1 2026-03-04T05:06:07.123456Z - - - - -");
}

TEST(SyslogText, Rfc3164) {
  SyslogHeader header = kWhole;
  header.format = SendFormat::kRfc3164;
  EXPECT_EQ(Render(header, "text"), "<35>Mar  4 05:06:07 h a[1]: text");
  header.procid.clear();
  EXPECT_EQ(Render(header, "text"), "<35>Mar  4 05:06:07 h a: text");
}

TEST(SyslogText, RawIsTheTextAlone) {
  EXPECT_EQ(Render({.format = SendFormat::kRaw, .hostname = "h"}, "<13>as it is"), "<13>as it is");
}

TEST(SyslogText, GoodHeadersPass) {
  EXPECT_EQ(CheckHeader(kWhole), "");
  EXPECT_EQ(CheckHeader({}), "");
  for (const char* sd : {"[a]", "[a b=\"\"]", "[a b=\"1\" c=\"2\"][d]", R"([a b="\"\\\]"])", "[a b=\"[\"]"}) {
    EXPECT_EQ(CheckHeader({.structured_data = sd}), "") << sd;
  }
}

TEST(SyslogText, BadHeadersAreNamed) {
  const auto mistake = [](const SyslogHeader& header) { return CheckHeader(header).substr(0, 6); };
  EXPECT_EQ(mistake({.hostname = "two words"}), "--host");
  EXPECT_EQ(mistake({.hostname = std::string(256, 'h')}), "--host");
  EXPECT_EQ(mistake({.app_name = "caf\xc3\xa9"}), "--app ");
  EXPECT_EQ(mistake({.procid = "a\tb"}), "--proc");
  EXPECT_EQ(mistake({.msgid = std::string(33, 'm')}), "--msgi");
  for (const char* sd : {"x", "[", "[]", "[a", "[a b]", "[a b=]", "[a b=c]", "[a b=\"]\"]", "[a b=\"c\"",
                         "[a b=\"c\\", "[a][b] ", "[a  b=\"c\"]"}) {
    EXPECT_EQ(mistake({.structured_data = sd}), "--sd i") << sd;
  }
}

}  // namespace
}  // namespace cistern::ctl
