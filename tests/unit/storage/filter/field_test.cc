#include "storage/filter/field.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

using Kind = FieldRef::Kind;

struct FieldCase {
  const char* name;
  std::string_view text;
  FieldRef field;
  std::string_view canonical;
};

class FieldTest : public testing::TestWithParam<FieldCase> {};

TEST_P(FieldTest, ParsesAndPrints) {
  const auto field = ParseField(GetParam().text);
  ASSERT_TRUE(field) << field.error().ToString();
  EXPECT_EQ(field->kind, GetParam().field.kind);
  EXPECT_EQ(field->sd_id, GetParam().field.sd_id);
  EXPECT_EQ(field->key, GetParam().field.key);
  if (field->kind == Kind::kColumn) {
    EXPECT_EQ(field->column, GetParam().field.column);
  }
  EXPECT_EQ(filter::FieldName(*field), GetParam().canonical);
  const auto again = ParseField(filter::FieldName(*field));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sd_id, field->sd_id);
  EXPECT_EQ(again->key, field->key);
}

const FieldCase kCases[] = {
    {"Column", "severity", {Kind::kColumn, Column::kSeverity}, "severity"},
    {"Host", "host", {Kind::kColumn, Column::kHostname}, "hostname"},
    {"App", "APP", {Kind::kColumn, Column::kAppName}, "app_name"},
    {"Msg", "msg", {Kind::kColumn, Column::kMessage}, "message"},
    {"Tag", "tag.user", {Kind::kTag, {}, "", "user"}, "tag.user"},
    {"TagWithDots", "tag.a.b", {Kind::kTag, {}, "", "a.b"}, "tag.a.b"},
    {"TagQuoted", "tag.\"a b\"", {Kind::kTag, {}, "", "a b"}, "tag.\"a b\""},
    {"Json", "json.a.0.b", {Kind::kJson, {}, "", "a.0.b"}, "json.a.0.b"},
    {"JsonQuotedPart", "json.a.\"b c\".d", {Kind::kJson, {}, "", "a.b c.d"}, "json.\"a.b c.d\""},
    {"JsonEscapedQuote", R"(json."a\"b")", {Kind::kJson, {}, "", "a\"b"}, R"(json."a\"b")"},
    {"Cef", "cef.cs1Label", {Kind::kCef, {}, "", "cs1Label"}, "cef.cs1Label"},
    {"Leef", "leef.devTime", {Kind::kLeef, {}, "", "devTime"}, "leef.devTime"},
    {"Cisco", "cisco.mnemonic", {Kind::kCisco, {}, "", "mnemonic"}, "cisco.mnemonic"},
    {"Sd", "sd.origin.ip", {Kind::kStructuredData, {}, "origin", "ip"}, "sd.origin.ip"},
    {"SdEnterprise", "sd.a@1.2.n", {Kind::kStructuredData, {}, "a@1.2", "n"}, "sd.a@1.2.n"},
    {"SdQuoted", "sd.\"o\".ip", {Kind::kStructuredData, {}, "o", "ip"}, "sd.o.ip"},
    {"SdQuotedName", "sd.o.\"a.b\"", {Kind::kStructuredData, {}, "o", "a.b"}, "sd.o.\"a.b\""},
};

INSTANTIATE_TEST_SUITE_P(All, FieldTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(FieldErrors, SuggestANeighbour) {
  EXPECT_EQ(ParseField("hostnam").error().expected, "a field name; did you mean \"hostname\"?");
  EXPECT_EQ(ParseField("").error().expected, "a field name");
  EXPECT_EQ(ParseField("json").error().expected, "json.NAME");
  EXPECT_EQ(ParseField("host.name").error().found, "\"host.name\"");
  EXPECT_EQ(ParseField("tag.\"a").error().expected, "a closing quote");
}

}  // namespace
}  // namespace cistern
