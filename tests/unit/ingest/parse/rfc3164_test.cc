#include "ingest/parse/rfc3164.h"

#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

// Headers; the rules are those of RFC 3164 section 4.1 and of what senders really write.
constexpr ParseCase kHeader[] = {
    {"HostTagText", "<34>Oct 11 22:14:15 h su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=text"},
    {"HostTagPidText", "<34>Oct 11 22:14:15 h su[7]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su procid=7 msg=text"},
    {"PidWithoutColon", "<34>Oct 11 22:14:15 h su[7] text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su procid=7 msg=text"},
    {"PidNeedNotBeANumber", "<34>Oct 11 22:14:15 h su[a.b]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su procid=a.b msg=text"},
    {"PidWithSpaceBeforeColon", "<34>Oct 11 22:14:15 h su[core 0]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su procid=core 0 msg=text"},
    {"UnclosedPidIsText", "<34>Oct 11 22:14:15 h su[7: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=[7: text"},
    {"EmptyPid", "<34>Oct 11 22:14:15 h su[]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=text"},
    {"NoHostBeforeTag", "<34>Oct 11 22:14:15 su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z app=su msg=text"},
    {"NoHostBeforeTagAndPid", "<34>Oct 11 22:14:15 su[7]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z app=su procid=7 msg=text"},
    {"NoHostBeforeTagAndPidWithoutColon", "<34>Oct 11 22:14:15 su[7] text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z app=su procid=7 msg=text"},
    {"NoHostBeforeTagPidAndTextWithoutSpace", "<34>Oct 11 22:14:15 su[7]:text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z app=su procid=7 msg=text"},
    {"ExactlyOneSpaceGoes", "<34>Oct 11 22:14:15 h su:  text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg= text"},
    {"NoSpaceAfterColon", "<34>Oct 11 22:14:15 h su:text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=text"},
    {"FirstWordIsTag", "<34>Oct 11 22:14:15 h first second",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=first msg=second"},
    {"BracketAfterSpaceIsText", "<34>Oct 11 22:14:15 h kernel: [1.5] text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=kernel msg=[1.5] text"},
    {"TwoSpacesMeanEmptyTag", "<34>Oct 11 22:14:15 h  text: more",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h msg=text: more"},
    {"BracketAtOnceMeansEmptyTag", "<34>Oct 11 22:14:15 h [audit] text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h msg=[audit] text"},
    {"ColonAtOnceMeansEmptyTag", "<34>Oct 11 22:14:15 h : text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h msg=text"},
    {"OneWordIsHost", "<34>Oct 11 22:14:15 h", "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h"},
    {"HostAndSpace", "<34>Oct 11 22:14:15 h ", "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h"},
    {"TimeAlone", "<34>Oct 11 22:14:15", "rfc3164 auth.crit 2026-10-11T22:14:15Z"},
    {"TimeAndSpace", "<34>Oct 11 22:14:15 ", "rfc3164 auth.crit 2026-10-11T22:14:15Z"},
    {"LongTagStaysWhole", "<34>Oct 11 22:14:15 h 1234567890123456789012345678901234567890: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=1234567890123456789012345678901234567890 msg=text"},
    {"SlashAndParenthesesInTag", "<34>Oct 11 22:14:15 h a/b(c)[7]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=a/b(c) procid=7 msg=text"},
    {"TabEndsTag", "<34>Oct 11 22:14:15 h tag\ttext",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=tag msg=\ttext"},
    {"Ipv4Host", "<34>Oct 11 22:14:15 192.0.2.1 su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=192.0.2.1 app=su msg=text"},
    {"Ipv6Host", "<34>Oct 11 22:14:15 2001:db8::1 su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=2001:db8::1 app=su msg=text"},
    {"Ipv6HostEndingInColons", "<34>Oct 11 22:14:15 fe80:: su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=fe80:: app=su msg=text"},
    {"HostNotAscii", "<34>Oct 11 22:14:15 \xc3\xa4 \xc3\xb6: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=\xc3\xa4 app=\xc3\xb6 msg=text"},
    {"WithoutPri", "Oct 11 22:14:15 h su: text",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=h app=su flags=no_pri msg=text"},
    {"SpacesBeforeTime", "<34>  Oct 11 22:14:15 h su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=text"},
    {"SpacesAfterTime", "<34>Oct 11 22:14:15  su: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z app=su msg=text"},
    {"TrailerIsNotText", std::string_view("<34>Oct 11 22:14:15 h su: text\r\n\0", 33),
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su msg=text"},
    {"ForwardedByAix", "<34>Oct 11 22:14:15 Message forwarded from h: su[7]: text",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su procid=7 msg=text"},
    {"JsonAfterHostIsText", R"(<34>Oct 11 22:14:15 h {"a": 1})",
     R"(rfc3164 auth.crit 2026-10-11T22:14:15Z host=h msg={"a": 1})"},
    {"JsonAfterTimeIsText", R"(<34>Oct 11 22:14:15 {"a": 1})",
     R"(rfc3164 auth.crit 2026-10-11T22:14:15Z msg={"a": 1})"},
    {"BadUtf8IsMarked", "<34>Oct 11 22:14:15 h su: \xff",
     "rfc3164 auth.crit 2026-10-11T22:14:15Z host=h app=su flags=bad_utf8 msg=\xff"},
};

constexpr ParseCase kTime[] = {
    {"DayPaddedWithSpace", "<13>Oct  1 22:14:15 h", "rfc3164 user.notice 2026-10-01T22:14:15Z host=h"},
    {"DayPaddedWithZero", "<13>Oct 01 22:14:15 h", "rfc3164 user.notice 2026-10-01T22:14:15Z host=h"},
    {"DayNotPadded", "<13>Oct 1 22:14:15 h", "rfc3164 user.notice 2026-10-01T22:14:15Z host=h"},
    {"MonthInUpperCase", "<13>OCT 11 22:14:15 h", "rfc3164 user.notice 2026-10-11T22:14:15Z host=h"},
    {"MonthInLowerCase", "<13>oct 11 22:14:15 h", "rfc3164 user.notice 2026-10-11T22:14:15Z host=h"},
    {"Fraction", "<13>Oct 11 22:14:15.125 h", "rfc3164 user.notice 2026-10-11T22:14:15.125Z host=h"},
    {"NineFractionDigits", "<13>Oct 11 22:14:15.123456789 h",
     "rfc3164 user.notice 2026-10-11T22:14:15.123456789Z host=h"},
    {"MoreFractionDigitsAreCut", "<13>Oct 11 22:14:15.1234567899 h",
     "rfc3164 user.notice 2026-10-11T22:14:15.123456789Z host=h"},
    {"DotWithoutFraction", "<13>Oct 11 22:14:15. h", "rfc3164 user.notice 2026-10-11T22:14:15Z host=h"},
    {"YearBeforeTime", "<13>Oct 11 2009 22:14:15 h", "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"YearBeforeTimePadded", "<13>Oct  1 2009 22:14:15 h", "rfc3164 user.notice 2009-10-01T22:14:15Z host=h"},
    {"YearBeforeTimeDayNotPadded", "<13>Oct 1 2009 22:14:15 h",
     "rfc3164 user.notice 2009-10-01T22:14:15Z host=h"},
    {"YearAfterTime", "<13>Oct 11 22:14:15 2009 h", "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"YearAfterTimeAndColon", "<13>Oct 11 22:14:15 2009: h",
     "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"YearAfterTimeAtTheEnd", "<13>Oct 11 22:14:15 2009", "rfc3164 user.notice 2009-10-11T22:14:15Z"},
    {"Ipv6IsNotAYear", "<13>Oct 11 22:14:15 2001:db8::1",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=2001:db8::1"},
    {"YearFirst", "<13>2009 Oct 11 22:14:15 h", "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"ColonAfterTime", "<13>Oct 11 22:14:15: h a: m",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=h app=a msg=m"},
    {"Rfc3339Utc", "<13>2009-10-11T22:14:15Z h a: m",
     "rfc3164 user.notice 2009-10-11T22:14:15Z host=h app=a msg=m"},
    {"Rfc3339Offset", "<13>2009-10-11T22:14:15.5-02:30 h a: m",
     "rfc3164 user.notice 2009-10-12T00:44:15.5Z host=h app=a msg=m"},
    {"Rfc3339WithoutZone", "<13>2009-10-11T22:14:15 h a: m",
     "rfc3164 user.notice 2009-10-11T22:14:15Z host=h app=a msg=m"},
    {"Rfc3339LowerCase", "<13>2009-10-11t22:14:15z h", "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"OffsetWithoutColon", "<13>2009-10-11T22:14:15+0200 h",
     "rfc3164 user.notice 2009-10-11T20:14:15Z host=h"},
    {"UnknownOffset", "<13>2009-10-11T22:14:15-00:00 h", "rfc3164 user.notice 2009-10-11T22:14:15Z host=h"},
    {"Rfc3339WithoutPri", "2009-10-11T22:14:15Z h a: m",
     "rfc3164 user.notice 2009-10-11T22:14:15Z host=h app=a flags=no_pri msg=m"},
};

// No usable time: with a PRI the rest is content (RFC 3164 section 4.3.2).
constexpr ParseCase kUntimed[] = {
    {"PlainText", "<34>some text: here", "rfc3164 auth.crit msg=some text: here"},
    {"SpacesAfterPri", "<34>  some text", "rfc3164 auth.crit msg=some text"},
    {"TagWithoutPidIsText", "<34>su: text", "rfc3164 auth.crit msg=su: text"},
    {"TagWithPid", "<34>su[7]: text", "rfc3164 auth.crit app=su procid=7 msg=text"},
    {"KeyValueText", "<34>date=2021-02-10 time=09:00:00 id[7]",
     "rfc3164 auth.crit msg=date=2021-02-10 time=09:00:00 id[7]"},
    {"Nothing", "<34>", "rfc3164 auth.crit"},
    {"MonthOutOfRange", "<34>Foo 11 22:14:15 h su: text", "rfc3164 auth.crit msg=Foo 11 22:14:15 h su: text"},
    {"DayOutOfRange", "<34>Oct 32 22:14:15 h su: text",
     "rfc3164 auth.crit flags=bad_timestamp msg=Oct 32 22:14:15 h su: text"},
    {"DayZero", "<34>Oct 00 22:14:15 h", "rfc3164 auth.crit flags=bad_timestamp msg=Oct 00 22:14:15 h"},
    {"NoThirtyFirstOfJune", "<34>Jun 31 22:14:15 h",
     "rfc3164 auth.crit flags=bad_timestamp msg=Jun 31 22:14:15 h"},
    {"HourOutOfRange", "<34>Oct 11 24:14:15 h",
     "rfc3164 auth.crit flags=bad_timestamp msg=Oct 11 24:14:15 h"},
    {"MinuteOutOfRange", "<34>Oct 11 22:60:15 h",
     "rfc3164 auth.crit flags=bad_timestamp msg=Oct 11 22:60:15 h"},
    {"LeapSecond", "<34>Oct 11 22:14:60 h", "rfc3164 auth.crit flags=bad_timestamp msg=Oct 11 22:14:60 h"},
    {"NotALeapYear", "<34>Feb 29 2023 22:14:15 h",
     "rfc3164 auth.crit flags=bad_timestamp msg=Feb 29 2023 22:14:15 h"},
    {"TextGluedToTime", "<34>Oct 11 22:14:15h", "rfc3164 auth.crit flags=bad_timestamp msg=Oct 11 22:14:15h"},
    {"IsoMonthOutOfRange", "<34>2009-13-11T22:14:15Z h",
     "rfc3164 auth.crit flags=bad_timestamp msg=2009-13-11T22:14:15Z h"},
    {"IsoOffsetOutOfRange", "<34>2009-10-11T22:14:15+24:00 h",
     "rfc3164 auth.crit flags=bad_timestamp msg=2009-10-11T22:14:15+24:00 h"},
    {"EpochSecondsAreNoTime", "<34>1563249630.774 host text",
     "rfc3164 auth.crit msg=1563249630.774 host text"},
    {"BadTimeWithoutPri", "Oct 34 32:72:82 h",
     "raw user.notice flags=no_pri,bad_timestamp msg=Oct 34 32:72:82 h"},
    {"JsonWithoutPri", R"({"a": 1})", R"(raw user.notice flags=no_pri msg={"a": 1})"},
};

// CEF and LEEF begin with neither host nor tag.
constexpr ParseCase kPayload[] = {
    {"CefAfterHost", "<13>Oct 11 22:14:15 h CEF:0|a",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=h msg=CEF:0|a"},
    {"CefAfterTime", "<13>Oct 11 22:14:15 CEF:0|a", "rfc3164 user.notice 2026-10-11T22:14:15Z msg=CEF:0|a"},
    {"LeefAfterHost", "<13>Oct 11 22:14:15 h LEEF:1.0|a",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=h msg=LEEF:1.0|a"},
    {"CefAfterTag", "<13>Oct 11 22:14:15 h app: CEF:0|a",
     "rfc3164 user.notice 2026-10-11T22:14:15Z host=h app=app msg=CEF:0|a"},
    {"CefAfterPri", "<13>CEF:0|a", "rfc3164 user.notice msg=CEF:0|a"},
    {"CefAfterPriAndSpace", "<13> CEF:0|a", "rfc3164 user.notice msg=CEF:0|a"},
    {"CefAfterPriAndTag", "<13>fenotify-1.warning: CEF:0|a",
     "rfc3164 user.notice app=fenotify-1.warning msg=CEF:0|a"},
    {"CefAlone", "CEF:0|a", "raw user.notice flags=no_pri msg=CEF:0|a"},
};

class Rfc3164Test : public ::testing::TestWithParam<ParseCase> {};

TEST_P(Rfc3164Test, YieldsExpectedFields) {
  EXPECT_EQ(ToLogfmt(ParseChecked(GetParam().input)), GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(Header, Rfc3164Test, ::testing::ValuesIn(kHeader), CaseName);
INSTANTIATE_TEST_SUITE_P(Time, Rfc3164Test, ::testing::ValuesIn(kTime), CaseName);
INSTANTIATE_TEST_SUITE_P(Untimed, Rfc3164Test, ::testing::ValuesIn(kUntimed), CaseName);
INSTANTIATE_TEST_SUITE_P(Payload, Rfc3164Test, ::testing::ValuesIn(kPayload), CaseName);

TEST(Rfc3164, EveryPrefixKeepsItsText) {
  for (const auto& table : {kHeader[1], kTime[10], kTime[18], kPayload[0]}) {
    for (std::size_t n = 0; n <= table.input.size(); ++n) ParseChecked(table.input.substr(0, n));
  }
}

}  // namespace
}  // namespace cistern
