#include "ingest/parse/rfc5424.h"

#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

constexpr ParseCase kGrammar[] = {
    {"AllNil", "<13>1 - - - - - -", "rfc5424 user.notice"},
    {"AllFields", "<165>1 2003-10-11T22:14:15.003Z h.example app 42 ID1 [x@1 k=\"v\"] text",
     "rfc5424 local4.notice 2003-10-11T22:14:15.003Z host=h.example app=app procid=42 msgid=ID1 x@1.k=v "
     "msg=text"},
    {"EmptyMessageAfterSpace", "<13>1 - - - - - - ", "rfc5424 user.notice"},
    {"MessageKeepsItsSpaces", "<13>1 - h - - - -  two  spaces ",
     "rfc5424 user.notice host=h msg= two  spaces "},
    {"MessageKeepsLineFeedAndTab", "<13>1 - - - - - - a\nb\tc", "rfc5424 user.notice msg=a\nb\tc"},
    {"DashInsideFieldIsNotNil", "<13>1 - -- - - - -", "rfc5424 user.notice host=--"},
    {"PunctuationInFields", "<13>1 - a/b@c! x[1]: {2} <3> -",
     "rfc5424 user.notice host=a/b@c! app=x[1]: procid={2} msgid=<3>"},
    {"TrailerIsNotText", std::string_view("<13>1 - - - - - - m\r\n\0", 21), "rfc5424 user.notice msg=m"},
    {"WithoutPri", "1 - h a - - - m", "rfc5424 user.notice host=h app=a flags=no_pri msg=m"},
    {"ByteOrderMarkIsNotText", "<13>1 - - - - - - \xef\xbb\xbf\xc3\xa4",
     "rfc5424 user.notice flags=bom msg=\xc3\xa4"},
    {"ByteOrderMarkAlone", "<13>1 - - - - - - \xef\xbb\xbf", "rfc5424 user.notice flags=bom"},
    {"SecondByteOrderMarkIsText", "<13>1 - - - - - - \xef\xbb\xbf\xef\xbb\xbf",
     "rfc5424 user.notice flags=bom msg=\xef\xbb\xbf"},
    {"MessageNeedNotBeUtf8", "<13>1 - - - - - - f\xfc", "rfc5424 user.notice flags=bad_utf8 msg=f\xfc"},
    {"NulInsideMessage", std::string_view("<13>1 - - - - - - a\0b", 21),
     std::string_view("rfc5424 user.notice msg=a\0b", 27)},
};

constexpr ParseCase kStructuredData[] = {
    {"ElementWithoutParams", "<13>1 - - - - - [x@1] m", "rfc5424 user.notice x@1 msg=m"},
    {"TwoElements", "<13>1 - - - - - [a x=\"1\"][b y=\"2\" z=\"3\"] m",
     "rfc5424 user.notice a.x=1 b.y=2 b.z=3 msg=m"},
    {"WithoutMessage", "<13>1 - - - - - [a x=\"1\"]", "rfc5424 user.notice a.x=1"},
    {"RepeatedName", "<13>1 - - - - - [a x=\"1\" x=\"2\"]", "rfc5424 user.notice a.x=1 a.x=2"},
    {"EmptyValue", "<13>1 - - - - - [a x=\"\"]", "rfc5424 user.notice a.x="},
    {"EscapesAreUndone", R"(<13>1 - - - - - [a x="\"\\\]"])", R"(rfc5424 user.notice a.x="\])"},
    {"OtherBackslashesStay", R"(<13>1 - - - - - [a x="\n\a\ "])", R"(rfc5424 user.notice a.x=\n\a\ )"},
    {"DoubledBackslashBeforeQuote", R"(<13>1 - - - - - [a x="c:\\"] m)",
     R"(rfc5424 user.notice a.x=c:\ msg=m)"},
    {"OpenBracketAndControlsInValue", "<13>1 - - - - - [a x=\"[\t\n=\"]", "rfc5424 user.notice a.x=[\t\n="},
    {"ValueIsUtf8", "<13>1 - - - - - [a x=\"\xe2\x82\xac\"]", "rfc5424 user.notice a.x=\xe2\x82\xac"},
    {"SpaceEndsIt", "<13>1 - - - - - [a x=\"1\"] [b y=\"2\"]", "rfc5424 user.notice a.x=1 msg=[b y=\"2\"]"},
    {"NilThenBracket", "<13>1 - - - - - - [b y=\"2\"]", "rfc5424 user.notice msg=[b y=\"2\"]"},
};

// Accepted beyond the grammar, and marked.
constexpr ParseCase kLenient[] = {
    {"SevenFractionDigits", "<13>1 2026-01-02T03:04:05.1234567Z - - - - -",
     "rfc5424 user.notice 2026-01-02T03:04:05.1234567Z flags=lenient"},
    {"TwelveFractionDigitsAreCut", "<13>1 2026-01-02T03:04:05.123456789012Z - - - - -",
     "rfc5424 user.notice 2026-01-02T03:04:05.123456789Z flags=lenient"},
    {"TimeWithoutZone", "<13>1 2026-01-02T03:04:05 - - - - -",
     "rfc5424 user.notice 2026-01-02T03:04:05Z flags=lenient"},
    {"UnquotedValue", "<13>1 - - - - - [a x=1 y=b=c] m",
     "rfc5424 user.notice a.x=1 a.y=b=c flags=lenient msg=m"},
    {"SpaceAfterEquals", "<13>1 - - - - - [a x= \"1\"] m", "rfc5424 user.notice a.x=1 flags=lenient msg=m"},
    {"SpaceBeforeBracket", "<13>1 - - - - - [a x=\"1\" ][b ] m",
     "rfc5424 user.notice a.x=1 b flags=lenient msg=m"},
    {"LongMsgId", "<13>1 - - - - 123456789012345678901234567890123 -",
     "rfc5424 user.notice msgid=123456789012345678901234567890123 flags=lenient"},
    {"LongSdName", "<13>1 - - - - - [123456789012345678901234567890123]",
     "rfc5424 user.notice 123456789012345678901234567890123 flags=lenient"},
    {"ShortHeaderBeforeLeef", "<13>1 2026-01-02T03:04:05Z h LEEF:1.0|V|P|1|E|a=b",
     "rfc5424 user.notice 2026-01-02T03:04:05Z host=h flags=lenient msg=LEEF:1.0|V|P|1|E|a=b"},
    {"ShortHeaderBeforeCef", "<13>1 - h CEF:0|V|P|1|1|N|5|",
     "rfc5424 user.notice host=h flags=lenient msg=CEF:0|V|P|1|1|N|5|"},
};

// The grammar is broken: facility and severity stay, the whole input is the message.
constexpr std::string_view kBroken[] = {
    "<34>1 ",
    "<34>1 -",
    "<34>1 - h",
    "<34>1 - h a p m",
    "<34>1 - h a p m ",
    "<34>1  - - - - - -",
    "<34>1 - - - - - X",
    "<34>1 - - - - - -X",
    "<34>1 - - - - - --",
    "<34>1 -  - - - - -",
    "<34>1 - h\ti - - - -",
    "<34>1 - h\xc3\xa4 - - - -",
    "<34>1 - h\x7f - - - -",
    "<34>1 - - - - - -\nx",
    "<34>1 - - - - - []",
    "<34>1 - - - - - [ a x=\"1\"]",
    "<34>1 - - - - - [a  x=\"1\"]",
    "<34>1 - - - - - [a x]",
    "<34>1 - - - - - [a x=]",
    "<34>1 - - - - - [a x= ]",
    "<34>1 - - - - - [a x= 1]",
    "<34>1 - - - - - [a =\"1\"]",
    "<34>1 - - - - - [a x=\"1\"y=\"2\"]",
    "<34>1 - - - - - [a x=\"1\"",
    "<34>1 - - - - - [a x=\"1]",
    "<34>1 - - - - - [a x=\"]\"]",
    "<34>1 - - - - - [a x=\"\\\"]",
    "<34>1 - - - - - [a x=\"1\"\"]",
    "<34>1 - - - - - [a x=1\"2\"]",
    "<34>1 - - - - - [a\" x=\"1\"]",
    "<34>1 - - - - - [a=b x=\"1\"]",
    "<34>1 - - - - - [a x=\"1\"]m",
    "<34>1 - - - - - [a x=\"1\"]\tm",
    "<34>1 - - - - - [a][",
};

class Rfc5424Test : public ::testing::TestWithParam<ParseCase> {};

TEST_P(Rfc5424Test, YieldsExpectedFields) {
  EXPECT_EQ(ToLogfmt(ParseChecked(GetParam().input)), GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(Grammar, Rfc5424Test, ::testing::ValuesIn(kGrammar), CaseName);
INSTANTIATE_TEST_SUITE_P(StructuredData, Rfc5424Test, ::testing::ValuesIn(kStructuredData), CaseName);
INSTANTIATE_TEST_SUITE_P(Lenient, Rfc5424Test, ::testing::ValuesIn(kLenient), CaseName);

TEST(Rfc5424, BrokenGrammarKeepsPriorityAndText) {
  for (const std::string_view input : kBroken) {
    const Record record = ParseChecked(input);
    EXPECT_EQ(record.format, Format::kRaw) << input;
    EXPECT_EQ(record.facility, 4) << input;
    EXPECT_EQ(record.severity, 2) << input;
    EXPECT_TRUE(record.flags & kFlagMalformed) << input;
    EXPECT_EQ(record.message, record.raw) << input;
    EXPECT_TRUE(record.hostname.empty() && record.structured_data.empty()) << input;
    EXPECT_EQ(record.time, kNoTime) << input;
  }
}

TEST(Rfc5424, BrokenGrammarWithoutPriIsPlainText) {
  const Record record = ParseChecked("1 apple a day");
  EXPECT_EQ(ToLogfmt(record), "raw user.notice flags=no_pri msg=1 apple a day");
}

TEST(Rfc5424, FieldsAtTheirMaximumAreNotLenient) {
  const std::string input = "<13>1 - " + std::string(255, 'h') + ' ' + std::string(48, 'a') + ' ' +
                            std::string(128, 'p') + ' ' + std::string(32, 'm') + " [" + std::string(32, 's') +
                            " " + std::string(32, 'n') + "=\"v\"]";
  const Record record = ParseChecked(input);
  EXPECT_EQ(record.format, Format::kRfc5424);
  EXPECT_EQ(record.flags, 0u);
  EXPECT_EQ(record.hostname.size(), 255u);
}

TEST(Rfc5424, FieldsOverTheirMaximumStayWhole) {
  for (const auto& [before, size] : {std::pair{"<13>1 - ", 256}, {"<13>1 - - ", 49}, {"<13>1 - - - ", 129}}) {
    std::string input = before + std::string(static_cast<std::size_t>(size), 'x');
    while (std::count(input.begin(), input.end(), ' ') < 6) input += " -";
    const Record record = ParseChecked(input);
    EXPECT_EQ(record.format, Format::kRfc5424);
    EXPECT_EQ(record.flags, std::uint32_t{kFlagLenient});
    EXPECT_EQ(record.hostname.size() + record.app_name.size() + record.procid.size(),
              static_cast<std::size_t>(size));
  }
}

TEST(Rfc5424, AnotherVersionIsNotRfc5424) {
  for (const std::string_view input :
       {"<13>2 - - - - - -", "<13>0 - - - - - -", "<13>10 - - - - - -", "<13>1", "<13> 1 - -"}) {
    EXPECT_EQ(ParseChecked(input).format, Format::kRfc3164) << input;
  }
}

TEST(Rfc5424, EveryPrefixKeepsItsText) {
  constexpr std::string_view kWhole =
      "<165>1 2003-10-11T22:14:15.003Z h app 42 ID1 [x@1 k=\"a\\]\" l=\"b\"][y] \xef\xbb\xbf"
      "text \xc3\xa4";
  for (std::size_t n = 0; n <= kWhole.size(); ++n) ParseChecked(kWhole.substr(0, n));
}

}  // namespace
}  // namespace cistern
