#include "service/rules/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

namespace cistern {
namespace {

TEST(CompilePattern, FindsNamedGroupsInOctets) {
  const auto pattern = CompilePattern("from (?P<addr>\\S+) port (?P<port>\\d+)(.)");
  ASSERT_TRUE(pattern);
  EXPECT_THAT(GroupNames(**pattern), testing::ElementsAre("addr", "port"));
  std::string addr, port, last;
  EXPECT_TRUE(re2::RE2::PartialMatch("x from 10.0.0.1 port 22\xff", **pattern, &addr, &port, &last));
  EXPECT_EQ(last, "\xff");
}

TEST(CompilePattern, RefusesWhatIsTooLong) {
  EXPECT_TRUE(CompilePattern(std::string(1024, 'a')));
  EXPECT_EQ(CompilePattern(std::string(1025, 'a')).error(), "is longer than 1024 octets");
}

TEST(CompilePattern, RefusesWhatGrowsTooLarge) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "[^x]{1000}";
  for (const std::string& large : {pattern, std::string("a{600}b{601}")}) {
    EXPECT_EQ(
        CompilePattern(large).error(),
        "is too large: its program would have more than 1200 steps; repeats such as {1,64} multiply, + and "
        "* do not");
  }
}

TEST(CompilePattern, SaysWhatIsWrong) {
  EXPECT_EQ(CompilePattern("(a").error(), "is not an expression that RE2 accepts: missing ): (a");
}

}  // namespace
}  // namespace cistern
