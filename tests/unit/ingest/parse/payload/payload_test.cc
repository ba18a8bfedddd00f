#include "ingest/parse/payload/payload.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/ingest/parse/payload/print.h"

namespace cistern {
namespace {

struct PayloadCase {
  const char* name;
  std::string message;
  std::string fields;
};

Record WithMessage(std::string_view message) {
  Record record;
  record.message = message;
  record.raw = message;
  return record;
}

class PayloadTest : public ::testing::TestWithParam<PayloadCase> {};

TEST_P(PayloadTest, YieldsExpectedFields) {
  EXPECT_EQ(Print(ExtractPayload(WithMessage(GetParam().message))), GetParam().fields);
}

// Cut anywhere, a message must still be read safely: the copy has no octet behind its end.
TEST_P(PayloadTest, EveryPrefixEndsWell) {
  for (std::size_t n = 0; n <= GetParam().message.size(); ++n) {
    const std::vector<char> prefix(GetParam().message.begin(),
                                   GetParam().message.begin() + static_cast<std::ptrdiff_t>(n));
    ExtractPayload(WithMessage({prefix.data(), prefix.size()}));
  }
}

std::string CefHeader(std::string_view extension) { return "CEF:0|v|p|1|id|n|5|" + std::string(extension); }
std::string Cef(std::string_view extension) {
  return "cef|version=0|device_vendor=v|device_product=p|device_version=1|device_event_class_id=id|name=n"
         "|severity=5" +
         std::string(extension);
}

const PayloadCase kCef[] = {
    {"HeaderOnly", CefHeader(""), Cef("")},
    {"NoPipeBehindSeverity", "CEF:0|v|p|1|id|n|5", Cef("")},
    {"LeadingSpaces", "  " + CefHeader("a=1"), Cef("|+a=1")},
    {"ValuesMayHoldSpaces", CefHeader("msg=two words src=10.0.0.1"), Cef("|+msg=two words|+src=10.0.0.1")},
    {"TrailingSpacesOfValues", CefHeader("a=1   b=2  "), Cef("|+a=1|+b=2")},
    {"EmptyValue", CefHeader("a= b="), Cef("|+a=|+b=")},
    {"PipeInExtension", CefHeader("a=x|y"), Cef("|+a=x|y")},
    {"KeyOctets", CefHeader("ad.a_b-c,d[0]=1"), Cef("|+ad.a_b-c,d[0]=1")},
    {"WordWithOtherOctetsIsNoKey", CefHeader("a=1 b:c=2 d/e=3"), Cef("|+a=1 b:c=2 d/e=3")},
    {"EqualsInValue", CefHeader("url=http://x/?q=1 a=2"), Cef("|+url=http://x/?q=1|+a=2")},
    {"EscapedEquals", CefHeader(R"(a=b\=c d=e)"), Cef("|+a=b=c|+d=e")},
    {"EscapedEqualsBehindSpace", CefHeader(R"(a=b c\=d)"), Cef("|+a=b c=d")},
    {"EscapedBackslashBeforeEquals", CefHeader(R"(a=b x\\=1)"), Cef(R"(|+a=b x\=1)")},
    {"Escapes", CefHeader(R"(a=1\n2\r3\\4\t5)"), Cef("|+a=1\n2\r3\\4\\t5")},
    {"BackslashAtEnd", CefHeader(R"(a=1\)"), Cef(R"(|+a=1\)")},
    {"RepeatedKey", CefHeader("a=1 a=2"), Cef("|+a=1|+a=2")},
    {"TextWithoutKeys", CefHeader("just words"), Cef("")},
    {"HeaderEscapes", R"(CEF:0|v\|w|p\\|1\x|id|n|5|)",
     R"(cef|version=0|device_vendor=v|w|device_product=p\|device_version=1\x|device_event_class_id=id|name=n)"
     "|severity=5"},
    {"EmptyHeaderFields", "CEF:12|||||||",
     "cef|version=12|device_vendor=|device_product=|device_version=|device_event_class_id=|name=|severity="},
    {"TooFewFields", "CEF:0|v|p|1|id|n", "none"},
    {"ExtensionInPlaceOfSeverity", "CEF:0|v|p|1|id|n|src=10.0.0.1 dst=10.0.0.2", "none"},
    {"VersionMustBeDigits", "CEF:x|v|p|1|id|n|5|", "none"},
    {"VersionMustBeThere", "CEF:|v|p|1|id|n|5|", "none"},
    {"LowerCase", "cef:0|v|p|1|id|n|5|", "none"},
};

std::string Leef(std::string_view version, std::string_view attributes) {
  return "leef|version=" + std::string(version) + "|vendor=v|product=p|product_version=1|event_id=e" +
         std::string(attributes);
}

const PayloadCase kLeef[] = {
    {"Tabs", "LEEF:1.0|v|p|1|e|a=1\tb=2 3", Leef("1.0", "|+a=1|+b=2 3")},
    {"NoAttributes", "LEEF:1.0|v|p|1|e|", Leef("1.0", "")},
    {"NoPipeBehindEventId", "LEEF:1.0|v|p|1|e", Leef("1.0", "")},
    {"FirstEqualsSeparates", "LEEF:1.0|v|p|1|e|a=b=c", Leef("1.0", "|+a=b=c")},
    {"EmptyValue", "LEEF:1.0|v|p|1|e|a=\tb=2", Leef("1.0", "|+a=|+b=2")},
    {"VersionOneHasNoDelimiterField", "LEEF:1.0|v|p|1|e|a=x^b=y|z", Leef("1.0", "|+a=x^b=y|z")},
    {"Caret", "LEEF:2.0|v|p|1|e|^|a=1^b=2", Leef("2.0", "|+a=1|+b=2")},
    {"HexCode", "LEEF:2.0|v|p|1|e|x7C|a=1|b=2", Leef("2.0", "|+a=1|+b=2")},
    {"HexCodeWithZero", "LEEF:2.0|v|p|1|e|0x5e|a=1^b=2", Leef("2.0", "|+a=1|+b=2")},
    {"EmptyDelimiterIsTab", "LEEF:2.0|v|p|1|e||a=1\tb=2", Leef("2.0", "|+a=1|+b=2")},
    {"AbsentDelimiterIsTab", "LEEF:2.0|v|p|1|e|a=1|x\tb=2", Leef("2.0", "|+a=1|x|+b=2")},
    {"PairWithoutEquals", "LEEF:2.0|v|p|1|e|^|a=1^junk^^b=2", Leef("2.0", "|+a=1|+b=2")},
    {"TooFewFields", "LEEF:1.0|v|p|1", "none"},
    {"AttributesInPlaceOfEventId", "LEEF:1.0|v|p|1|a=1\tb=2", "none"},
    {"BadVersion", "LEEF:one|v|p|1|e|", "none"},
};

const PayloadCase kJson[] = {
    {"Flat", R"({"a":"x","b":1,"c":true,"d":false,"e":null})", "json|a=x|b=1|c=true|d=false|e="},
    {"Cookie", R"(@cee: {"a":1})", "json|a=1"},
    {"CookieWithoutSpace", R"(@cee:{"a":1})", "json|a=1"},
    {"SurroundingSpace", "  {\"a\" : 1 } \r\n", "json|a=1"},
    {"NestedPaths", R"({"a":{"b":[{"c":1},[2,3]],"d":4},"e":5})",
     "json|a.b.0.c=1|a.b.1.0=2|a.b.1.1=3|a.d=4|e=5"},
    {"NumbersAsWritten", R"({"a":1.50,"b":-0,"c":1e3,"d":18446744073709551616})",
     "json|a=1.50|b=-0|c=1e3|d=18446744073709551616"},
    {"Escapes", R"({"a\u0041":"\"\\\/\n\u00e9\ud83d\ude00"})", "json|aA=\"\\/\n\u00e9\U0001f600"},
    {"EmptyContainers", R"({"a":{},"b":[],"c":1})", "json|c=1"},
    {"Empty", "{}", "json"},
    {"RepeatedName", R"({"a":1,"a":2})", "json|a=1|a=2"},
    {"EmptyName", R"({"":1,"a":{"":2}})", "json|=1|a.=2"},
    {"TextBehind", R"({"a":1} x)", "none"},
    {"SecondObject", R"({"a":1}{"b":2})", "none"},
    {"Truncated", R"({"a":1)", "none"},
    {"Array", "[1]", "none"},
    {"Number", "1", "none"},
    {"CookieWithoutObject", "@cee: text", "none"},
    {"TrailingComma", R"({"a":1,})", "none"},
    {"SingleQuotes", "{'a':1}", "none"},
    {"NotUtf8", "{\"a\":\"\xff\"}", "none"},
};

const auto kCaseName = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Cef, PayloadTest, ::testing::ValuesIn(kCef), kCaseName);
INSTANTIATE_TEST_SUITE_P(Leef, PayloadTest, ::testing::ValuesIn(kLeef), kCaseName);
INSTANTIATE_TEST_SUITE_P(Json, PayloadTest, ::testing::ValuesIn(kJson), kCaseName);

TEST(ExtractJson, DepthIsLimited) {
  const auto nested = [](int depth) {
    std::string text = "1";
    for (int i = 0; i < depth; ++i) text = "{\"a\":" + text + "}";
    return text;
  };
  EXPECT_EQ(ExtractJson(WithMessage(nested(30))).kind, PayloadKind::kJson);
  EXPECT_EQ(ExtractJson(WithMessage(nested(40))).kind, PayloadKind::kNone);
  EXPECT_EQ(ExtractJson(WithMessage(std::string(100'000, '{'))).kind, PayloadKind::kNone);
}

// A long key above many leaves would be copied into every path.
TEST(ExtractJson, OutputIsBounded) {
  std::string text = "{\"" + std::string(30'000, 'k') + "\":[0";
  for (int i = 0; i < 10'000; ++i) text += ",1";
  const std::string message = text + "]}";
  std::size_t octets = 0;
  const Payload payload = ExtractJson(WithMessage(message));
  EXPECT_EQ(payload.kind, PayloadKind::kJson);
  for (const auto& field : payload.fields) octets += field.name.size() + field.value.size();
  EXPECT_GT(octets, 100'000u);
  EXPECT_LE(octets, 1u << 20);
}

TEST(Payload, FindReturnsTheFirstOfThatName) {
  const std::string message = CefHeader("a=1 a=2");
  const Payload payload = ExtractCef(WithMessage(message));
  ASSERT_NE(payload.Find("a"), nullptr);
  EXPECT_EQ(*payload.Find("a"), "1");
  EXPECT_EQ(payload.Find("b"), nullptr);
}

TEST(Payload, EachKindHasAName) {
  EXPECT_EQ(PayloadKindName(PayloadKind::kNone), "none");
  EXPECT_EQ(PayloadKindName(PayloadKind::kJson), "json");
  EXPECT_EQ(PayloadKindName(static_cast<PayloadKind>(99)), "");
}

}  // namespace
}  // namespace cistern
