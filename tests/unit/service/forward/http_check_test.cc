// What is refused before anything is asked of an HTTP server.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "cistern/v1/target.pb.h"
#include "service/forward/index_name.h"
#include "service/forward/spec.h"
#include "storage/filter/field_template.h"

namespace cistern {
namespace {

struct CheckCase {
  const char* fields;
  const char* key;
  const char* part;  // of the message
};

class HttpCheckTest : public ::testing::TestWithParam<CheckCase> {};

TEST_P(HttpCheckTest, SaysWhatIsWrongAndWhere) {
  v1::Target target;
  const std::string text = std::string("name: 't' http { ") + GetParam().fields + " }";
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &target)) << text;
  const YamlErrors errors = PrepareTarget(target);
  ASSERT_EQ(errors.items.size(), 1u) << errors.ToString();
  EXPECT_EQ(errors.items[0].key, GetParam().key);
  EXPECT_NE(errors.items[0].message.find(GetParam().part), std::string::npos) << errors.items[0].message;
}

INSTANTIATE_TEST_SUITE_P(
    Table, HttpCheckTest,
    ::testing::Values(
        CheckCase{"url: 'ftp://h/'", "http.url", "not a URL"},
        CheckCase{"url: 'http:///x'", "http.url", "not a URL"},
        CheckCase{"url: 'http://h/\\r\\nX: y'", "http.url", "not a URL"},
        CheckCase{"url: 'http://u:p@h/'", "http.url", "credentials"},
        CheckCase{"url: 'http://h' tls {}", "http.tls", "https"},
        CheckCase{"url: 'http://h' headers { name: 'A: b' }", "http.headers[0].name", "not the name"},
        CheckCase{"url: 'http://h' headers { name: 'content-LENGTH' value: '1' }", "http.headers[0].name",
                  "itself"},
        CheckCase{"url: 'http://h' headers { name: 'A' value: 'x\\r\\nB: y' }", "http.headers[0].value",
                  "control"},
        CheckCase{"url: 'http://h' preset: 'template'", "http.body", "required"},
        CheckCase{"url: 'http://h' body: 'x'", "http.body", "is for"},
        CheckCase{"url: 'http://h' preset: 'template' body: '{{hots}}'", "http.body",
                  "{{hots}} is not a field"},
        CheckCase{"url: 'http://h' preset: 'template' body: '{{host'", "http.body", "without"},
        CheckCase{"url: 'http://h' content_type: 'a\\nb'", "http.content_type", "control"},
        CheckCase{"url: 'http://h' index: 'Logs'", "http.index", "small letters"},
        CheckCase{"url: 'http://h' index: '-logs'", "http.index", "first"},
        CheckCase{"url: 'http://h' index: 'logs-{host}'", "http.index", "{year}"},
        CheckCase{"url: 'http://h' labels: 'host' labels: 'hots'", "http.labels[1]", "not a field"},
        CheckCase{"url: 'http://h' password: 'env:X'", "http.user", "required"},
        CheckCase{"url: 'http://h' user: 'u' token: 'env:X'", "http.token", "instead"}));

TEST(IndexNameTest, DateStandsWhereItsNamesStood) {
  std::string name;
  AppendIndexName("logs-{year}.{month}.{day}-{year}", 1'763'719'200'000'000'000, name);
  EXPECT_EQ(name, "logs-2025.11.21-2025");
  EXPECT_FALSE(CheckIndexName("logs-{year}.{month}.{day}"));
}

TEST(FieldTemplateTest, BracesOfJsonAreText) {
  const auto parsed = FieldTemplate::Parse(R"({"a":{"b":"{{ tag.user }}"}})");
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  ASSERT_EQ(parsed->pieces().size(), 2u);
  EXPECT_EQ(parsed->pieces()[0].text, R"({"a":{"b":")");
  EXPECT_EQ(parsed->pieces()[0].field.key, "user");
  EXPECT_EQ(parsed->pieces()[1].text, R"("}})");
}

}  // namespace
}  // namespace cistern
