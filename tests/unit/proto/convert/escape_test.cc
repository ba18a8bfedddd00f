#include "proto/convert/escape.h"

#include <gtest/gtest.h>

#include "ingest/parse/utf8.h"
#include "proto/convert/utf8.h"

namespace cistern {
namespace {

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string Base64(std::string_view octets) {
  std::string out;
  AppendBase64(octets, out);
  return out;
}

std::string Utf8(std::string_view text) {
  std::string out;
  AppendUtf8(text, out);
  return out;
}

using std::string_view_literals::operator""sv;

struct TextCase {
  const char* name;
  std::string_view text;
  std::string_view visible;
  std::string_view json;  // without quotes
};

constexpr TextCase kTexts[] = {
    {"Plain", "hello", "hello", "hello"},
    {"Empty", "", "", ""},
    {"Umlaut", "gr\u00fc\u00df", "gr\u00fc\u00df", "gr\u00fc\u00df"},
    {"Emoji", "\U0001f600", "\U0001f600", "\U0001f600"},
    {"QuoteAndBackslash", R"(a"b\c)", R"(a"b\c)", R"(a\"b\\c)"},
    {"Newline", "a\nb\r\tc", R"(a\nb\r\tc)", R"(a\nb\r\tc)"},
    {"Nul", "a\0b"sv, R"(a\x00b)", R"(a\u0000b)"},
    {"Escape", "\x1b[31mred", R"(\x1b[31mred)", R"(\u001b[31mred)"},
    {"OscTitle", "\x1b]0;x\x07", R"(\x1b]0;x\x07)", R"(\u001b]0;x\u0007)"},
    {"Delete", "\x7f", R"(\x7f)", R"(\u007f)"},
    {"C1Csi", "\u009b31m", R"(\u009b31m)", R"(\u009b31m)"},
    {"BidiOverride", "\u202eabc\u202c", R"(\u202eabc\u202c)", R"(\u202eabc\u202c)"},
    {"BidiIsolate", "\u2066a\u2069", R"(\u2066a\u2069)", R"(\u2066a\u2069)"},
    {"LineSeparator", "\u2028", R"(\u2028)", R"(\u2028)"},
    {"NoBreakSpace", "\u00a0", "\u00a0", "\u00a0"},
    {"BadOctet", "a\xff\x62", R"(a\xffb)", "a\ufffdb"},
    {"RawC1Octet", "\x9b\x31m", R"(\x9b1m)", "\ufffd1m"},
    {"CutSequence", "a\xe2\x82", R"(a\xe2\x82)", "a\ufffd"},
    {"Overlong", "\xc0\xaf", R"(\xc0\xaf)", "\ufffd\ufffd"},
    {"Surrogate", "\xed\xa0\x80", R"(\xed\xa0\x80)", "\ufffd\ufffd\ufffd"},
    {"BeyondUnicode", "\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)", "\ufffd\ufffd\ufffd\ufffd"},
};

class TextTest : public testing::TestWithParam<TextCase> {};

TEST_P(TextTest, IsVisibleOnATerminal) { EXPECT_EQ(Visible(GetParam().text), GetParam().visible); }

TEST_P(TextTest, IsEscapedInJson) {
  EXPECT_EQ(Json(GetParam().text), "\"" + std::string(GetParam().json) + "\"");
}

TEST_P(TextTest, NothingThatControlsATerminalIsLeft) {
  for (const std::string& text : {Visible(GetParam().text), Json(GetParam().text)}) {
    EXPECT_TRUE(IsUtf8(text));
    for (std::string_view rest = text; !rest.empty();) {
      const Utf8Char next = DecodeUtf8(rest);
      EXPECT_FALSE(IsControl(next.code)) << text;
      rest.remove_prefix(next.length);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, TextTest, testing::ValuesIn(kTexts),
                         [](const auto& info) { return info.param.name; });

TEST(TextSweep, EveryOctetAndCodePointBelow3000IsHarmless) {
  for (char32_t code = 0; code < 0x3000; ++code) {
    std::string text;
    if (code < 0x80) {
      text = {static_cast<char>(code)};
    } else if (code < 0x800) {
      text = {static_cast<char>(0xc0 | (code >> 6)), static_cast<char>(0x80 | (code & 63))};
    } else {
      text = {static_cast<char>(0xe0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 63)),
              static_cast<char>(0x80 | (code & 63))};
    }
    const std::string visible = Visible(text);
    ASSERT_EQ(visible == text, !IsControl(code)) << static_cast<unsigned>(code);
    ASSERT_FALSE(IsControl(DecodeUtf8(visible).code)) << static_cast<unsigned>(code);
  }
}

TEST(Utf8Test, ReplacesWhatIsNotUtf8AndKeepsControls) { EXPECT_EQ(Utf8("a\xff\x1b"), "a\ufffd\x1b"); }

TEST(Base64Test, PadsToFours) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("\xff\xfe\x00"sv), "//4A");
}

TEST(CsvFieldTest, QuotesOnlyWhatRfc4180WantsQuoted) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"plain text", "plain text"},
      {"a,b", R"("a,b")"},
      {R"(a"b)", R"("a""b")"},
      {"a\nb", "\"a\nb\""},
      {"a\rb", "\"a\rb\""},
      {"=1+1", "=1+1"},
      {R"(")", R"("""")"},
  };
  for (const auto& [text, field] : cases) {
    std::string out = "x,";
    AppendCsvField(text, out);
    EXPECT_EQ(out, "x," + std::string(field));
  }
}

}  // namespace
}  // namespace cistern
