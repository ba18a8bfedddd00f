#include <gtest/gtest.h>

#include "ingest/message/record_batch.h"
#include "ingest/parse/parser.h"
#include "service/forward/format.h"

namespace cistern {
namespace {

using Form = RecordFormatter::Form;

constexpr std::int64_t kReceived = 1'795'262'405'123'456'789;  // 2026-11-21T12:00:05.123456789Z
#define MARK "[cistern@32473 store=\"s-1\" id=\"42\"]"

std::string Render(std::string_view text, Form form, bool marked, std::string_view peer = "192.0.2.7") {
  RecordBatch batch;
  Record& record = batch.records().emplace_back();
  ParseMessage(batch.arena().Copy(text), ParseContext{kReceived, nullptr}, record);
  record.id = RecordId{42};
  record.received = kReceived;
  if (!peer.empty()) record.peer = *IpAddress::Parse(peer);
  RecordFormatter formatter({form, marked ? "s-1" : "", {}});
  std::string stored = "before|", parsed = stored;
  formatter.Append(record, parsed);
  // As it comes out of the store, where what can be rebuilt is not kept.
  if (record.shape.code != 0) record.raw = {};
  formatter.Append(record, stored);
  EXPECT_EQ(stored, parsed);
  EXPECT_TRUE(stored.starts_with("before|"));
  return stored.substr(7);
}

struct Case {
  const char* name;
  std::string_view input;
  std::string_view output;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }
std::string NameOf(const ::testing::TestParamInfo<Case>& info) { return info.param.name; }

class Original : public ::testing::TestWithParam<std::string_view> {};

TEST_P(Original, ComesBackOctetForOctet) { EXPECT_EQ(Render(GetParam(), Form::kOriginal, true), GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, Original,
                         ::testing::Values("<13>1 2026-11-21T10:00:00.12Z host app 1 ID [x@1 a=\"b\"] text",
                                           "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
                                           "no header at all", "<13>1  2026-11-21T10:00:00Z two spaces",
                                           "<189>45: *Mar  1 18:46:11: %SYS-5-CONFIG_I: done"));

class Rfc5424 : public ::testing::TestWithParam<Case> {};

TEST_P(Rfc5424, IsMarked) { EXPECT_EQ(Render(GetParam().input, Form::kRfc5424, true), GetParam().output); }

constexpr Case kRfc5424[] = {
    {"NilStructuredData", "<13>1 2026-11-21T10:00:00.12+01:00 host app 1 ID - text - more",
     "<13>1 2026-11-21T10:00:00.12+01:00 host app 1 ID " MARK " text - more"},
    {"AllNil", "<13>1 - - - - - -", "<13>1 - - - - - " MARK},
    {"NilTimeStays", "<13>1 - host app - - - text", "<13>1 - host app - - " MARK " text"},
    {"BeforeOtherElements", "<13>1 - h a - - [x@1 k=\"a \\] b\"][y@2] [text]",
     "<13>1 - h a - - " MARK "[x@1 k=\"a \\] b\"][y@2] [text]"},
    {"MarkOfAnotherStoreStays", "<13>1 - h a - - [x@1][cistern@32473 store=\"o\" id=\"7\"] text",
     "<13>1 - h a - - [x@1][cistern@32473 store=\"o\" id=\"7\"] text"},
    {"NameOfTheMarkInAValue", "<13>1 - h a - - [x@1 k=\"cistern@32473\"] text",
     "<13>1 - h a - - " MARK "[x@1 k=\"cistern@32473\"] text"},
    {"NameOfTheMarkInTheMessage", "<13>1 - h a - - - [cistern@32473 store=\"o\" id=\"7\"]",
     "<13>1 - h a - - " MARK " [cistern@32473 store=\"o\" id=\"7\"]"},
    {"ByteOrderMark", "<13>1 - h a - - - \xef\xbb\xbftext", "<13>1 - h a - - " MARK " \xef\xbb\xbftext"},
    {"LineEndInTheMessage", "<13>1 - h a - - - one\ntwo", "<13>1 - h a - - " MARK " one\ntwo"},
    {"FromRfc3164", "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed",
     "<34>1 2026-10-11T22:14:15Z mymachine su 12 - " MARK " 'su root' failed"},
    {"FromNoHeader", "no header at all",
     "<13>1 2026-11-21T12:00:05.123456Z 192.0.2.7 - - - " MARK " no header at all"},
};
INSTANTIATE_TEST_SUITE_P(All, Rfc5424, ::testing::ValuesIn(kRfc5424), NameOf);

TEST(Rfc5424Format, WithoutMarkItIsWhatWasReceived) {
  constexpr std::string_view kText = "<13>1 2026-11-21T10:00:00.12Z host app 1 ID [x@1 a=\"b\"] text";
  EXPECT_EQ(Render(kText, Form::kRfc5424, false), kText);
  EXPECT_EQ(Render("plain", Form::kRfc5424, false, ""), "<13>1 2026-11-21T12:00:05.123456Z - - - - - plain");
}

TEST(Rfc5424Format, StoreNameIsEscaped) {
  RecordFormatter formatter({Form::kRfc5424, "a\"]\\", {}});
  Record record;
  record.received = kReceived;
  std::string out;
  formatter.Append(record, out);
  EXPECT_TRUE(out.ends_with("[cistern@32473 store=\"a\\\"\\]\\\\\" id=\"0\"]")) << out;
}

// Whatever was received, what is sent can be read again and holds the mark once.
TEST(Rfc5424Format, OddInputsStayReadable) {
  for (const std::string_view text :
       {"<13>1  2026-11-21T10:00:00Z h a p m - two spaces",
        "<13>1 2026-11-21T10:00:00.1234567Z h a p m - digits",
        "<13>1 2026-11-21T10:00:00Z h a p m [x@1 k=v] unquoted", "<13>1 2026-11-21T10:00:00Z onlyhost: text",
        "<13>1 2026-11-21T10:00:00Z h a p m", "<13>1 2026-11-21T10:00:00Z h", "<999>1 - - - - - -", "<13>",
        "", "1 2026-11-21T10:00:00Z h a p m - no pri", "<13>1 - h a p - [x@1 never closed"}) {
    const std::string out = Render(text, Form::kRfc5424, true);
    Record again;
    ParseMessage(out, ParseContext{kReceived, nullptr}, again);
    EXPECT_EQ(again.format, Format::kRfc5424) << text << "\n" << out;
    EXPECT_NE(again.structured_data.find(MARK), std::string_view::npos) << text << "\n" << out;
  }
}

class Rfc3164 : public ::testing::TestWithParam<Case> {};

TEST_P(Rfc3164, IsRendered) { EXPECT_EQ(Render(GetParam().input, Form::kRfc3164, true), GetParam().output); }

constexpr Case kRfc3164[] = {
    {"FromRfc5424", "<165>1 2026-03-01T22:14:15.003+02:00 host app 77 ID [x@1 k=\"v\"] text",
     "<165>Mar  1 20:14:15 host app[77]: text"},
    {"FromRfc3164", "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
     "<34>Oct 11 22:14:15 mymachine su: 'su root' failed"},
    {"WithoutProcid", "<13>1 - h a - - - text", "<13>Nov 21 12:00:05 h a: text"},
    {"FromNoHeader", "no header at all", "<13>Nov 21 12:00:05 192.0.2.7 no header at all"},
    {"UnsafeTag", "<13>1 - h a:b[c] x:y - - text", "<13>Nov 21 12:00:05 h a?b?c?[x?y]: text"},
};
INSTANTIATE_TEST_SUITE_P(All, Rfc3164, ::testing::ValuesIn(kRfc3164), NameOf);

TEST(ClockText, ShowsWhatItWasGiven) {
  ClockText clock;
  std::string out;
  for (const auto& [ns, digits, offset] :
       {std::tuple(kReceived, 0, 0), std::tuple(kReceived, 9, -90),
        std::tuple<std::int64_t, int, int>(-1, 3, 0), std::tuple<std::int64_t, int, int>(0, 6, 60)}) {
    clock.AppendIso(ns, digits, offset, out);
    out += ' ';
  }
  EXPECT_EQ(out,
            "2026-11-21T12:00:05Z 2026-11-21T10:30:05.123456789-01:30 1969-12-31T23:59:59.999Z "
            "1970-01-01T01:00:00.000000+01:00 ");
}

}  // namespace
}  // namespace cistern
