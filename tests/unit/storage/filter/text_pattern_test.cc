#include "storage/filter/text_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace cistern::filter {
namespace {

// `_` stands for a blank, `*` and `?` for wildcards.
TextPattern Pattern(std::string_view written) {
  Text text;
  for (char c : written) {
    const auto kind = c == '_'   ? Atom::Kind::kBlank
                      : c == '*' ? Atom::Kind::kStar
                      : c == '?' ? Atom::Kind::kAny
                                 : Atom::Kind::kByte;
    text.push_back({kind, c});
  }
  return TextPattern(text);
}

TEST(TextPattern, BlankIsOneOrMoreSeparators) {
  EXPECT_TRUE(Pattern("a_b").Matches("a b"));
  EXPECT_TRUE(Pattern("a_b").Matches("x a -=: b"));
  EXPECT_FALSE(Pattern("a_b").Matches("ab"));
  EXPECT_FALSE(Pattern("a_b").Matches("a x b"));
}

TEST(TextPattern, BlankLeavesPunctuationToWhatFollows) {
  EXPECT_TRUE(Pattern("a_-_b").Matches("a --- b"));
  EXPECT_FALSE(Pattern("a_-_b").Matches("a- b"));
  EXPECT_TRUE(Pattern("a_[b").Matches("a [b"));
}

TEST(TextPattern, EdgesAreWordEdges) {
  EXPECT_TRUE(Pattern("ab").Matches("xab ab"));
  EXPECT_FALSE(Pattern("ab").Matches("xab abx"));
  EXPECT_TRUE(Pattern(".ab").Matches("x.ab"));
  EXPECT_TRUE(Pattern("ab.").Matches("ab.x"));
}

TEST(TextPattern, StarStaysInsideAWord) {
  EXPECT_TRUE(Pattern("a*c").Matches("abbbc"));
  EXPECT_TRUE(Pattern("a*c").Matches("ac"));
  EXPECT_FALSE(Pattern("a*c").Matches("ab bc"));
  EXPECT_TRUE(Pattern("*b*d*").Matches("abcde"));
  EXPECT_FALSE(Pattern("*b*d").Matches("abcde"));
  EXPECT_TRUE(Pattern("*").Matches(""));
}

TEST(TextPattern, MoreThan64StatesWork) {
  const std::string a(100, 'a'), b(100, 'b'), c(120, 'c');
  EXPECT_TRUE(Pattern(a + "_" + b + "*" + c).Matches("x " + a + " - " + b + "xyz" + c));
  EXPECT_FALSE(Pattern(a + "_" + b + "*" + c).Matches("x " + a + " - " + b + "xyz" + c.substr(1)));
}

TEST(TextPattern, HostileTextTakesLinearTime) {
  const std::string dashes(1 << 16, '-'), letters(1 << 16, 'a');
  EXPECT_FALSE(Pattern("-_-_-_-_b").Matches(dashes + "a"));
  EXPECT_FALSE(Pattern("*a*a*a*a*b*").Matches(letters));
}

}  // namespace
}  // namespace cistern::filter
