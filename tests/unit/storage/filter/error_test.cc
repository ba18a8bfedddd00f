// Every way a filter can be wrong: where, what was found, what was expected.
#include <gtest/gtest.h>

#include <string>

#include "storage/filter/filter.h"

namespace cistern {
namespace {

struct ErrorCase {
  const char* name;
  std::string_view filter;
  std::size_t offset;
  std::string_view found;
  std::string_view expected;  // a part of it
};

class FilterErrorTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(FilterErrorTest, NamesOffsetFoundAndExpected) {
  const auto filter = Filter::Parse(GetParam().filter);
  ASSERT_FALSE(filter) << filter->ToString();
  EXPECT_EQ(filter.error().offset, GetParam().offset);
  EXPECT_EQ(filter.error().found, GetParam().found);
  EXPECT_NE(filter.error().expected.find(GetParam().expected), std::string::npos) << filter.error().expected;
}

constexpr ErrorCase kErrors[] = {
    {"UnknownField", "sevrity:err", 0, R"("sevrity")", R"(a field name; did you mean "severity"?)"},
    {"UnknownFieldLater", "root AND hots:x", 9, R"("hots")", R"(did you mean "host"?)"},
    {"UnknownFieldFarFromAll", "foobar:x", 0, R"("foobar")", "to search for this text, write it in quotes"},
    {"UnknownFamily", "tags.user:x", 0, R"("tags.user")", R"(did you mean "tag"?)"},
    {"TagWithoutName", "tag:x", 0, R"("tag")", "tag.NAME"},
    {"TagWithEmptyName", "tag.:x", 4, "end of name", "a name behind the dot"},
    {"SdWithOnePart", "sd.origin:x", 0, R"("sd.origin")", "sd.ID.NAME"},
    {"SdWithEmptyId", "sd..ip:x", 0, R"("sd..ip")", "sd.ID.NAME"},
    {"NoValueAtEnd", "host:", 5, "end of filter", "a value"},
    {"NoValueBeforeBlank", "host: web", 5, "a blank", "a value"},
    {"NoValueBeforeParenthesis", "(host:)", 6, "\")\"", "a value"},
    {"NoOperand", "id:>=", 5, "end of filter", "a value"},
    {"MissingColon", "severity>=err", 8, R"(">=err")", "a colon"},
    {"UnclosedGroup", "(a OR b", 7, "end of filter", "\")\""},
    {"UnclosedFieldGroup", "host:(a b", 9, "end of filter", "\")\""},
    {"StrayParenthesis", "a) b", 1, "\")\"", "the end of the filter"},
    {"EmptyGroup", "a ()", 3, "\")\"", "a word, a phrase or a field"},
    {"EmptyFieldGroup", "host:()", 6, "\")\"", "a word"},
    {"OrAtStart", "OR a", 0, R"("OR")", "a word"},
    {"OrAtEnd", "a OR", 4, "end of filter", "a word"},
    {"TwoOrs", "a OR OR b", 5, R"("OR")", "a word"},
    {"AndAtStart", "AND a", 0, R"("AND")", "a word"},
    {"AndAtEnd", "a AND ", 6, "end of filter", "a word"},
    {"TwoAnds", "a AND && b", 6, R"("&&")", "a word"},
    {"NotAtEnd", "a NOT", 5, "end of filter", "a word"},
    {"NotBeforeOr", "NOT OR a", 4, R"("OR")", "a word"},
    {"UnclosedQuote", "a \"b c", 6, "end of filter", "a closing quote for the one at byte 2"},
    {"EmptyQuotes", "a \"\"", 2, "empty quotes", "text between the quotes"},
    {"BlankQuotes", "msg:\"  \"", 4, "empty quotes", "text between the quotes"},
    {"BadRegex", "msg:/a(b/", 4, R"("/a(b/")", "missing )"},
    {"RegexWithBackReference", "/(a)\\1/", 0, R"("/(a)\1/")", "RE2"},
    {"RegexOfTooManySteps", "/a{900}b{900}c{900}d{900}e{900}/", 0, R"("/a{900}b{900}c{900}d{900}e{900}/")",
     "at most 4000"},
    {"RegexTooLarge", "/((a{100}){100}){100}/", 0, R"("/((a{100}){100}){100}/")", "RE2"},
    {"RegexOnNumber", "id:/4/", 3, R"("/4/")", "a value or a comparison"},
    {"NumberExpected", "id:abc", 3, R"("abc")", "a number from 0"},
    {"NumberTooLarge", "port:>65536", 6, R"("65536")", "a number from 0 to 65535"},
    {"NumberInRange", "id:[1 TO x]", 9, R"("x")", "a number"},
    {"NegativeNumber", "id:-1", 3, R"("-1")", "a number"},
    {"RangeWithoutTo", "id:[1 9]", 6, R"("9]")", "TO"},
    {"RangeUnclosed", "id:[1 TO 9", 10, "end of filter", R"("]")"},
    {"RangeWithoutUpperEnd", "id:[1 TO ]", 9, R"("]")", "a value"},
    {"UnknownSeverity", "severity:>=wrning", 11, R"("wrning")", R"(did you mean "warning"?)"},
    {"UnknownSeverityNumber", "severity:8", 9, R"("8")", "a severity (emerg alert crit err"},
    {"UnknownFacility", "facility:locl3", 9, R"("locl3")", R"(did you mean "local)"},
    {"UnknownTransport", "transport:tpc", 10, R"("tpc")", R"(did you mean "tcp"?)"},
    {"TransportHasNoOrder", "transport:>udp", 10, "a comparison", "have an order"},
    {"UnknownFlag", "flags:truncted", 6, R"("truncted")", R"(did you mean "truncated"?)"},
    {"UnknownFormat", "format:rfc5425", 7, R"("rfc5425")", R"(did you mean "rfc5424"?)"},
    {"NotAnAddress", "peer:10.0.0", 5, R"("10.0.0")", "a network such as 10.0.0.0/8"},
    {"NotANetwork", "peer:10.0.0.0/33", 5, R"("10.0.0.0/33")", "an address"},
    {"NotATime", "time:>=yesterday", 7, R"("yesterday")", "a time such as 2026-11-20T10:00:00Z"},
    {"NoSuchDay", "time:2026-02-30", 5, R"("2026-02-30")", "a time"},
    {"TextHasNoOrder", "host:>a", 5, "a comparison", "have an order"},
    {"TextHasNoRange", "msg:[a TO b]", 4, "a range", "have an order"},
    {"ItemsCompareNumbers", "json.a:>x", 8, R"("x")", "a number"},
    {"FieldInsideFieldGroup", "peer:(app:x)", 6, R"("app:x")", "an address"},
    {"ControlCharactersAreEscaped", "id:\x01", 3, R"("\x01")", "a number"},
};

INSTANTIATE_TEST_SUITE_P(All, FilterErrorTest, testing::ValuesIn(kErrors),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FilterErrorText, ReadsAsOneLine) {
  EXPECT_EQ(Filter::Parse("a (b").error().ToString(), "at byte 4: found end of filter, expected \")\"");
}

TEST(FilterLimits, LengthIsLimited) {
  EXPECT_TRUE(Filter::Parse(std::string(Filter::kMaxLength, 'a')));
  const auto filter = Filter::Parse(std::string(Filter::kMaxLength + 1, 'a'));
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().offset, Filter::kMaxLength);
  EXPECT_EQ(filter.error().found, "4097 bytes");
}

TEST(FilterLimits, DepthIsLimited) {
  const auto nested = [](const char* open, const char* close, int depth) {
    std::string text = "a";
    for (int i = 0; i < depth; ++i) text = open + text + close;
    return Filter::Parse(text);
  };
  EXPECT_TRUE(nested("(", ")", 64));
  EXPECT_TRUE(nested("-", "", 64));
  EXPECT_TRUE(nested("NOT (", ")", 32));
  EXPECT_EQ(nested("(", ")", 65).error().offset, 64u);
  EXPECT_EQ(nested("-", "", 4000).error().offset, 64u);
  EXPECT_EQ(nested("NOT ", "", 65).error().offset, 256u);
  EXPECT_EQ(nested("(", ")", 65).error().expected, "at most 64 levels of parentheses and negations");
}

TEST(FilterLimits, DepthCountsNestingNotLength) {
  std::string text = "(a)";
  for (int i = 0; i < 500; ++i) text += " -(a)";
  EXPECT_TRUE(Filter::Parse(text));
}

TEST(FilterLimits, LongFoundTextIsCutBetweenCharacters) {
  const auto filter = Filter::Parse("id:" + std::string(39, 'x') + "ä" + std::string(20, 'y'));
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().found, "\"" + std::string(39, 'x') + "...\"");
}

}  // namespace
}  // namespace cistern
