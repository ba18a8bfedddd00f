// What each construct of the language matches, against one record (sample.h), and what it does not.
#include <gtest/gtest.h>

#include <string>

#include "storage/filter/filter.h"
#include "tests/unit/storage/filter/sample.h"

namespace cistern {
namespace {

struct MatchCase {
  const char* name;
  std::string_view filter;
  bool matches;
};

class FilterMatchTest : public testing::TestWithParam<MatchCase> {};

TEST_P(FilterMatchTest, SampleRecord) {
  const auto filter = Filter::Parse(GetParam().filter);
  ASSERT_TRUE(filter) << filter.error().ToString();
  EXPECT_EQ(filter->Matches(SampleRecord()), GetParam().matches);
  const auto again = Filter::Parse(filter->ToString());
  ASSERT_TRUE(again) << filter->ToString() << ": " << again.error().ToString();
  EXPECT_EQ(again->Matches(SampleRecord()), GetParam().matches) << filter->ToString();
  EXPECT_EQ(again->ToString(), filter->ToString());
}

constexpr MatchCase kWords[] = {
    {"EmptyMatchesAll", "", true},
    {"BlankMatchesAll", " \t\n", true},
    {"StarMatchesAll", "*", true},
    {"Word", "password", true},
    {"WordInOtherCase", "PASSword", true},
    {"WordsInAnyOrder", "password failed", true},
    {"AllWordsAreNeeded", "password accepted", false},
    {"WordMustBeWhole", "pass", false},
    {"WordMustBeWholeAtItsStart", "word", false},
    {"PrefixWildcard", "pass*", true},
    {"SuffixWildcard", "*word", true},
    {"SubstringWildcards", "*asswo*", true},
    {"SuffixWildcardNeedsTheEnd", "*passwor", false},
    {"InnerWildcard", "p*d", true},
    {"WildcardStaysInsideAWord", "failed*password", false},
    {"WildcardDoesNotCrossPunctuation", "10*1", false},
    {"QuestionMarkIsOneWordByte", "passwor?", true},
    {"QuestionMarkIsNotNone", "password?", false},
    {"Address", "10.0.0.1", true},
    {"AddressNeedsItsEnds", "0.0.0.1", false},
    {"AddressNeedsItsLastByte", "10.0.0", true},
    {"AddressPrefixInsideANumber", "10.0.0.1?", false},
    {"Path", "/var/log", true},
    {"PathWithWildcard", "/var/l*", true},
    {"PathInsideAWord", "/var/lo", false},
    {"PunctuationIsLiteral", "auth-log", false},
    {"TrailingPunctuation", "ssh2\\:", true},
    {"EscapedStarIsAStar", "pass\\*", false},
    {"LowerCaseOperatorsAreWords", "for or from", false},
    {"Minus", "root -cron", true},
    {"MinusOfAMatch", "root -password", false},
    {"LoneMinusIsText", "root - password", false},
    {"ArrowIsText", "-> password", false},
    {"UrlNeedsNoQuotes", "http://example.com", false},
};

constexpr MatchCase kPhrases[] = {
    {"Phrase", "\"failed password\"", true},
    {"PhraseOrderMatters", "\"password failed\"", false},
    {"PhraseIsAdjacent", "\"failed for\"", false},
    {"PhraseBlankIsAnySeparators", "\"port 22 ssh2 see\"", true},
    {"PhraseBlankNeedsASeparator", "\"ssh 2\"", false},
    {"PhrasePunctuationIsLiteral", "\"ssh2: see\"", true},
    {"PhraseOtherPunctuation", "\"ssh2; see\"", false},
    {"PhraseBeginsAtAWord", "\"assword for\"", false},
    {"PhraseEndsAtAWord", "\"password fo\"", false},
    {"PhraseOuterBlanksDoNotCount", "\"  failed   password \"", true},
    {"PhraseStarIsLiteral", "\"pass*\"", false},
    {"PunctuationPhraseIsASubstring", "\": \"", true},
};

constexpr MatchCase kOperators[] = {
    {"And", "failed AND password", true},
    {"AndSymbol", "failed && cron", false},
    {"Or", "cron OR password", true},
    {"OrSymbol", "cron || daemon", false},
    {"Not", "NOT cron", true},
    {"Bang", "!password", false},
    {"DoubleNot", "NOT NOT password", true},
    {"AndBindsTighterThanOr", "password OR cron AND daemon", true},
    {"ImplicitAndBindsTighterThanOr", "cron daemon OR password", true},
    {"NotBindsTighterThanAnd", "NOT cron password", true},
    {"NotAppliesToOneTerm", "NOT password cron", false},
    {"Parentheses", "(password OR cron) AND daemon", false},
    {"NotGroup", "NOT (cron OR daemon)", true},
    {"KeywordBeforeParenthesis", "NOT(cron)AND(password)", true},
    {"OrInsideAnd", "failed (cron OR root) port", true},
};

constexpr MatchCase kHeader[] = {
    {"Host", "host:web-01", true},
    {"HostIsWhole", "host:web", false},
    {"HostWildcard", "host:web-*", true},
    {"HostWildcardsReachOverPunctuation", "host:w*1", true},
    {"HostQuestionMark", "host:web?0?", true},
    {"HostSynonym", "hostname:WEB-01", true},
    {"HostQuoted", "host:\"web-01\"", true},
    {"HostQuotedStarIsLiteral", "host:\"web-*\"", false},
    {"HostGroup", "host:(db-01 OR web-01)", true},
    {"HostGroupWithNot", "host:(web-* AND NOT web-02)", true},
    {"HostNotGroup", "NOT host:(db-01 web-01)", true},
    {"HostRegex", "host:/^web/", false},
    {"HostRegexIgnoringCase", "host:/^web/i", true},
    {"HostExists", "host:*", true},
    {"HostEmpty", "host:\"\"", false},
    {"FieldNameInOtherCase", "Host:web-01", true},
    {"KeywordAsValue", "host:OR", false},
    {"MinusInValueIsText", "host:-web", false},
    {"App", "app:sshd", true},
    {"AppName", "app_name:ssh?", true},
    {"Procid", "procid:1234", true},
    {"Msgid", "msgid:id47", true},
    {"Listener", "listener:tls-*", true},
    {"TlsIdentity", "tls_identity:*.example.com", true},
    {"NegatedField", "-app:sshd", false},
    {"Msg", "msg:password", true},
    {"MsgPhrase", "message:\"invalid user\"", true},
    {"MsgGroup", "msg:(failed AND (cron OR root))", true},
    {"MsgRegex", "msg:/user (root|admin)/", true},
    {"MsgRegexHasCase", "msg:/failed/", false},
    {"BareRegex", "/p[a-z]+d for/", true},
    {"BareRegexIgnoringCase", "/^FAILED/i", true},
    {"RegexWithEscapedSlash", "/\\/var\\/log/", true},
    {"MsgExists", "msg:*", true},
    {"RawSeesTheWholeText", "raw:rawonly", true},
    {"MessageDoesNotSeeRaw", "rawonly", false},
};

constexpr MatchCase kNumbers[] = {
    {"Id", "id:42", true},
    {"IdGreater", "id:>42", false},
    {"IdGreaterOrEqual", "id:>=42", true},
    {"IdLess", "id:<43", true},
    {"IdLessThanNothing", "id:<0", false},
    {"IdLessOrEqual", "id:<=41", false},
    {"IdEqual", "id:=42", true},
    {"IdRange", "id:[40 TO 42]", true},
    {"IdRangeOutside", "id:[43 TO 50]", false},
    {"IdOpenRange", "id:[* TO 42]", true},
    {"IdRangeTurnedRound", "id:[50 TO 40]", false},
    {"IdGroup", "id:(1 OR >=40)", true},
    {"Port", "port:50123", true},
    {"PortRange", "port:[50000 TO *]", true},
    {"PortExists", "port:*", true},
    {"SeverityEqual", "severity:err", true},
    {"SeveritySynonym", "severity:error", true},
    {"SeverityNumber", "severity:3", true},
    {"SeverityAtLeast", "severity:>=warning", true},
    {"SeverityAtLeastItself", "severity:>=err", true},
    {"SeverityNotAtLeast", "severity:>=crit", false},
    {"SeverityMoreThan", "severity:>err", false},
    {"SeverityAtMost", "severity:<=err", true},
    {"SeverityLess", "severity:<crit", true},
    {"SeverityRange", "severity:[warning TO alert]", true},
    {"SeverityOpenRange", "severity:[crit TO *]", false},
    {"SeverityWildcard", "severity:e*", true},
    {"SeverityRegex", "severity:/^(err|crit)$/", true},
    {"SeverityGroup", "severity:(debug OR info)", false},
    {"Facility", "facility:auth", true},
    {"FacilityNumber", "facility:4", true},
    {"FacilityAtLeast", "facility:>=local0", false},
    {"Transport", "transport:tls", true},
    {"TransportWildcard", "transport:t*", true},
    {"TransportOther", "transport:udp", false},
    {"Format", "format:rfc5424", true},
    {"FormatExists", "format:*", true},
    {"Flag", "flags:truncated", true},
    {"FlagNotSet", "flags:bad_utf8", false},
    {"FlagWildcard", "flags:trunc*", true},
    {"FlagsExist", "flags:*", true},
    {"PeerAddress", "peer:10.1.2.3", true},
    {"PeerNetwork", "peer:10.0.0.0/8", true},
    {"PeerOtherNetwork", "peer:10.2.0.0/16", false},
    {"PeerIpv6Network", "peer:2001:db8::/32", false},
    {"PeerWildcard", "peer:10.1.*", true},
    {"PeerRegex", "peer:/\\.3$/", true},
    {"PeerGroup", "peer:(192.0.2.0/24 OR 10.1.0.0/16)", true},
    {"PeerExists", "peer:*", true},
};

constexpr MatchCase kTimes[] = {
    {"TimeAtLeast", "time:>=2026-11-19T10:00:00Z", true},
    {"TimeAfter", "time:>2026-11-19T10:00:00Z", false},
    {"TimeBefore", "time:<2026-11-19T10:00:00.000000001Z", true},
    {"TimeWithOffset", "time:>=2026-11-19T11:00:00+01:00", true},
    {"TimeWithoutZoneIsUtc", "time:>=2026-11-19T10:00:01", false},
    {"TimeEqualsASecond", "received:2026-11-19T10:00:01Z", true},
    {"TimeEqualsAMinute", "received:2026-11-19T10:00", true},
    {"TimeEqualsADay", "time:2026-11-19", true},
    {"TimeOtherDay", "time:2026-11-20", false},
    {"DateUpToIncludesTheDay", "time:<=2026-11-19", true},
    {"DateBeforeExcludesTheDay", "time:<2026-11-19", false},
    {"DateAfterExcludesTheDay", "time:>2026-11-19", false},
    {"TimeAtMostIsAnInstant", "received:<=2026-11-19T10:00:01Z", false},
    {"DateRange", "time:[2026-11-18 TO 2026-11-19]", true},
    {"TimeRange", "received:[2026-11-19T10:00:00Z TO 2026-11-19T10:00:01Z]", false},
    {"OpenTimeRange", "received:[2026-11-19T10:00:00Z TO *]", true},
    {"QuotedTime", "time:\"2026-11-19 10:00:00\"", true},
    {"TimeExists", "time:*", true},
};

constexpr MatchCase kItems[] = {
    {"Tag", "tag.user:bob", true},
    {"TagRepeated", "tag.user:admin", true},
    {"TagOther", "tag.user:eve", false},
    {"TagNameHasCase", "tag.User:bob", false},
    {"TagWithDot", "tag.team.name:core", true},
    {"TagExists", "tag.user:*", true},
    {"TagMissing", "tag.other:*", false},
    {"TagNotExists", "NOT tag.other:*", true},
    {"SdQuoted", "sd.\"origin\".ip:192.0.2.1", true},
    {"SdUnquoted", "sd.origin.ip:192.0.2.129", true},
    {"SdIsWhole", "sd.origin.ip:192.0.2", false},
    {"SdWildcard", "sd.origin.ip:192.0.2.*", true},
    {"SdEnterpriseId", "sd.exampleSDID@32473.iut:3", true},
    {"SdIdWithDots", "sd.a.b@1.2.n:V", true},
    {"SdQuotedIdWithDots", "sd.\"a.b@1.2\".n:v", true},
    {"SdEscapedValue", "sd.exampleSDID@32473.eventSource:\"app \\\"X\\\"\"", true},
    {"SdCompare", "sd.exampleSDID@32473.iut:>=3", true},
    {"SdCompareBelow", "sd.exampleSDID@32473.iut:>3", false},
    {"SdRange", "sd.exampleSDID@32473.iut:[1 TO 3.5]", true},
    {"SdTextIsNoNumber", "sd.origin.ip:>0", false},
    {"SdExists", "sd.origin.ip:*", true},
    {"SdMissing", "sd.origin.software:*", false},
    {"SdRegex", "sd.origin.ip:/\\.129$/", true},
    {"JsonOfPlainText", "json.a:*", false},
};

std::string CaseName(const testing::TestParamInfo<MatchCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Words, FilterMatchTest, testing::ValuesIn(kWords), CaseName);
INSTANTIATE_TEST_SUITE_P(Phrases, FilterMatchTest, testing::ValuesIn(kPhrases), CaseName);
INSTANTIATE_TEST_SUITE_P(Operators, FilterMatchTest, testing::ValuesIn(kOperators), CaseName);
INSTANTIATE_TEST_SUITE_P(Header, FilterMatchTest, testing::ValuesIn(kHeader), CaseName);
INSTANTIATE_TEST_SUITE_P(Numbers, FilterMatchTest, testing::ValuesIn(kNumbers), CaseName);
INSTANTIATE_TEST_SUITE_P(Times, FilterMatchTest, testing::ValuesIn(kTimes), CaseName);
INSTANTIATE_TEST_SUITE_P(Items, FilterMatchTest, testing::ValuesIn(kItems), CaseName);

bool MatchesMessage(std::string_view filter, std::string_view message) {
  Record record;
  record.message = message;
  const auto parsed = Filter::Parse(filter);
  return parsed && parsed->Matches(record);
}

TEST(FilterMatch, PastedTokensJustWork) {
  EXPECT_TRUE(MatchesMessage("user-agent", "User-Agent: curl"));
  EXPECT_FALSE(MatchesMessage("user-agent", "user agent"));
  EXPECT_TRUE(MatchesMessage("a@b", "mail to <a@b>"));
  EXPECT_FALSE(MatchesMessage("a@b", "mail to <a@bc>"));
  EXPECT_TRUE(MatchesMessage("10.0.0.1:514", "from 10.0.0.1:514 now"));
  EXPECT_TRUE(MatchesMessage("http://x.org/a", "GET http://x.org/a 200"));
  EXPECT_TRUE(MatchesMessage("sshd[12]:", "x sshd[12]: y"));
  EXPECT_TRUE(MatchesMessage("DOMAIN\\user", "login domain\\User ok"));
  EXPECT_TRUE(MatchesMessage("key=value", "a key=value b"));
  EXPECT_TRUE(MatchesMessage("fe80::1", "from fe80::1"));
  EXPECT_TRUE(MatchesMessage("100%", "disk 100% full"));
}

TEST(FilterMatch, BytesBeyondAsciiAreWordBytes) {
  EXPECT_TRUE(MatchesMessage("müller", "user müller in"));
  EXPECT_FALSE(MatchesMessage("m", "user müller in"));
  EXPECT_TRUE(MatchesMessage("m*r", "user müller in"));
  EXPECT_TRUE(MatchesMessage("/a.b/", std::string_view("a\xFF"
                                                       "b")));
  EXPECT_TRUE(MatchesMessage("b", std::string_view("a\0b", 3)));
}

TEST(FilterMatch, JsonFieldsAreExtracted) {
  constexpr std::string_view kMessage = R"(@cee: {"user":{"name":"Bob"},"status":503,"ok":true})";
  EXPECT_TRUE(MatchesMessage("json.user.name:bob", kMessage));
  EXPECT_TRUE(MatchesMessage("json.status:>=500", kMessage));
  EXPECT_FALSE(MatchesMessage("json.status:<500", kMessage));
  EXPECT_TRUE(MatchesMessage("json.ok:true", kMessage));
  EXPECT_TRUE(MatchesMessage("json.status:* -json.missing:*", kMessage));
}

TEST(FilterMatch, CefLeefAndCiscoFieldsAreExtracted) {
  EXPECT_TRUE(MatchesMessage("cef.src:10.0.0.1 cef.severity:>5",
                             "CEF:0|Vendor|Product|1.0|100|worm stopped|10|src=10.0.0.1 dst=2.1.2.2"));
  EXPECT_TRUE(
      MatchesMessage("leef.src:10.0.*", "LEEF:1.0|Vendor|Product|1.0|15345|src=10.0.0.1\tdst=2.1.2.2"));
  Record cisco;
  cisco.raw = "<189>29: rtr1: *Apr 29 13:58:40.411: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up";
  EXPECT_TRUE(Filter::Parse("cisco.mnemonic:updown cisco.severity:<=3 cisco.hostname:rtr1")->Matches(cisco));
}

TEST(FilterMatch, AbsentFieldsDoNotMatchAndDoNotExist) {
  const Record empty;
  for (std::string_view name : {"time", "host", "app", "procid", "msgid", "peer", "port", "transport",
                                "listener", "tls_identity", "flags", "msg"}) {
    const auto filter = Filter::Parse(std::string(name) + ":*");
    ASSERT_TRUE(filter);
    EXPECT_FALSE(filter->Matches(empty)) << name;
  }
  EXPECT_FALSE(Filter::Parse("time:<2026-01-01")->Matches(empty));
  EXPECT_FALSE(Filter::Parse("peer:::/0")->Matches(empty));
  EXPECT_TRUE(Filter::Parse("host:\"\"")->Matches(empty));
  EXPECT_TRUE(Filter::Parse("port:0")->Matches(empty));
}

TEST(FilterBoundsTest, FollowFromTopLevelAnds) {
  const auto filter = Filter::Parse("id:>=10 error (id:<=20) received:<2026-11-19T10:00:00Z");
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->bounds().id_min, 10u);
  EXPECT_EQ(filter->bounds().id_max, 20u);
  EXPECT_EQ(filter->bounds().received_max, kSampleTime - 1);
}

TEST(FilterBoundsTest, DoNotFollowFromOrAndNot) {
  for (std::string_view text : {"id:5 OR x", "NOT id:5", "id:(5 OR 7)", "time:2026-11-19"}) {
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter);
    EXPECT_EQ(filter->bounds().id_min, 0u) << text;
    EXPECT_EQ(filter->bounds().id_max, UINT64_MAX) << text;
    EXPECT_EQ(filter->bounds().received_min, INT64_MIN) << text;
  }
}

TEST(FilterTest, DefaultMatchesEverything) {
  EXPECT_TRUE(Filter().matches_all());
  EXPECT_TRUE(Filter().Matches(SampleRecord()));
  EXPECT_TRUE(Filter::Parse("")->matches_all());
  EXPECT_FALSE(Filter::Parse("x")->matches_all());
}

TEST(FilterTest, NarrowTouchesOnlyItsRows) {
  const std::vector<Record> records(4, SampleRecord());
  RecordsView view(records);
  Selection selection = {1, 1, 0, 1};
  Filter::Parse("cron OR daemon")->Narrow(view, selection, 1, 3);
  EXPECT_EQ(selection, (Selection{1, 0, 0, 1}));
  selection = {1, 1, 0, 1};
  Filter::Parse("password OR NOT cron")->Narrow(view, selection, 1, 3);
  EXPECT_EQ(selection, (Selection{1, 1, 0, 1}));
}

}  // namespace
}  // namespace cistern
