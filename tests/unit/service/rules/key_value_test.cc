#include "service/rules/key_value.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

struct KeyValueCase {
  const char* text;
  const char* pairs;
};
class KeyValueTest : public testing::TestWithParam<KeyValueCase> {};
TEST_P(KeyValueTest, FindsPairs) {
  std::string pairs;
  ReadKeyValues(GetParam().text, [&](std::string_view key, std::string value) {
    pairs += "<" + std::string(key) + "|" + value + ">";
    return true;
  });
  EXPECT_EQ(pairs, GetParam().pairs);
}
INSTANTIATE_TEST_SUITE_P(All, KeyValueTest,
                         testing::Values(KeyValueCase{"", ""}, KeyValueCase{"no pairs = here =x", ""},
                                         KeyValueCase{"IN=eth0 OUT= MAC=00:11 SRC=192.0.2.1",
                                                      "<IN|eth0><MAC|00:11><SRC|192.0.2.1>"},
                                         KeyValueCase{"(uid=0) by=(uid=1)", "<uid|0><by|(uid=1)>"},
                                         KeyValueCase{R"(a="q \" uote" b='it\'s' c="open)",
                                                      R"(<a|q " uote><b|it's><c|open>)"},
                                         KeyValueCase{"9a=1 b9=2 a.b-c=3", "<b9|2><a.b-c|3>"},
                                         KeyValueCase{"a=b=c d==e", "<a|b=c><d|=e>"}));

TEST(KeyValueTest, StopsWhenAsked) {
  int pairs = 0;
  ReadKeyValues("a=1 b=2 c=3", [&](std::string_view, std::string) { return ++pairs < 2; });
  EXPECT_EQ(pairs, 2);
}

}  // namespace
}  // namespace cistern
