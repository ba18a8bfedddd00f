#include "service/rules/private_data.h"

#include <gtest/gtest.h>

#include "service/rules/redactor.h"

namespace cistern {
namespace {

struct PrivateCase {
  const char* what;
  const char* text;
  const char* hidden;  // as labels
};
class PrivateDataTest : public testing::TestWithParam<PrivateCase> {};
TEST_P(PrivateDataTest, IsFound) {
  Redactor redactor({*ParsePrivateKind(GetParam().what)}, {}, Hiding::kLabel, "");
  EXPECT_EQ(redactor.Hide(GetParam().text, redactor.Find(GetParam().text)), GetParam().hidden);
}
constexpr PrivateCase kCases[] = {
    {"ipv4", "from 192.0.2.1 port", "from [ipv4] port"},
    {"ipv4", "192.0.2.1:22,10.0.0.1.", "[ipv4]:22,[ipv4]."},
    {"ipv4", "1.2.3 256.1.1.1 1.2.3.4.5 1.2.3.1000", "1.2.3 256.1.1.1 1.2.3.4.5 1.2.3.1000"},
    {"ipv4", "ip-10.0.0.1 x=10.0.0.1/24", "ip-[ipv4] x=[ipv4]/24"},
    {"ipv4", "1.1.1.1", "[ipv4]"},
    {"ipv6", "from 2001:db8::1 port", "from [ipv6] port"},
    {"ipv6", "[fe80::1%eth0]:22 ::1, ::ffff:10.0.0.1", "[[ipv6]%eth0]:22 [ipv6], [ipv6]"},
    {"ipv6", "2001:db8:0:0:0:0:0:1. addr:2001:db8::2", "[ipv6]. addr:[ipv6]"},
    {"ipv6", "12:34:56 std::string a::b::c 00:11:22:33:44:55",
     "12:34:56 std::string a::b::c 00:11:22:33:44:55"},
    {"ipv6", "fe80:: x", "[ipv6] x"},
    {"mac", "aa:bb:cc:dd:ee:ff 00-11-22-33-44-55 0123.4567.89ab", "[mac] [mac] [mac]"},
    {"mac", "MAC=00:11:22:33:44:55:66:77:88:99:aa:bb:08:00 SRC", "MAC=[mac] SRC"},
    {"mac", "12:34:56 aa:bb:cc:dd:ee 0123.4567.89abc", "12:34:56 aa:bb:cc:dd:ee 0123.4567.89abc"},
    {"card", "card 4111111111111111 ok", "card [card] ok"},
    {"card", "4111 1111 1111 1111, 5500-0000-0000-0004", "[card], [card]"},
    {"card", "4111111111111112 1780000000000000000 12 4111111111111111",
     "4111111111111112 1780000000000000000 12 [card]"},
    {"card", "378282246310005", "[card]"},
    {"email", "to bob.b+x@mail.example.com, a@b", "to [email], a@b"},
    {"email", "<a@b.c>@x.y@z.w", "<[email]>@[email]"},
    {"user", "Failed password for root from", "Failed password for [user] from"},
    {"user", "Failed password for invalid user admin from", "Failed password for invalid user [user] from"},
    {"user", "session opened for user bob(uid=0) by", "session opened for user [user](uid=0) by"},
    {"user", "logname= uid=0 ruser= rhost=h user=eve", "logname= uid=0 ruser= rhost=h user=[user]"},
    {"user", "user \"John Doe\" login: jd, USER=x", "user \"[user]\" login: [user], USER=[user]"},
    {"user", "waiting for the login of a user on it", "waiting for the login of a user on it"},
    {"user", "Invalid user  from 1.2.3.4", "Invalid user  from 1.2.3.4"},
    {"user", "Invalid user bob from", "Invalid user [user] from"},
};
INSTANTIATE_TEST_SUITE_P(All, PrivateDataTest, testing::ValuesIn(kCases));

// Texts of which parts would be looked at again and again: with quadratic work this would take hours.
TEST(PrivateDataTest, LongTextsOfBeginningsArePassed) {
  const char* const parts[] = {"1.", "1:", "a::",   "a:a:",      "aa:", "4 ", "41-",
                               "a@", "@",  "user ", "for user=", "\"'", "1"};
  Redactor redactor({PrivateKind::kUser, PrivateKind::kIpv4, PrivateKind::kIpv6, PrivateKind::kMac,
                     PrivateKind::kCard, PrivateKind::kEmail},
                    {}, Hiding::kMask, "");
  for (const char* part : parts) {
    std::string text;
    while (text.size() < 2'000'000) text += part;
    EXPECT_EQ(redactor.Hide(text, redactor.Find(text)).size(), text.size());
  }
}

}  // namespace
}  // namespace cistern
