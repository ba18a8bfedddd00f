#include "proto/yaml/printer.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "proto/yaml/reader.h"
#include "sample.pb.h"

namespace cistern {
namespace {

TEST(PrintYaml, ShowsOriginsBehindValues) {
  test::Sample sample;
  Origins origins;
  YamlErrors errors;
  ReadYaml("text: a\ngroups:\n  - {name: b}\n", {{OriginKind::kFile, "s.yaml"}, ""},
           {sample, origins, errors});
  SetKey("space", "1024", {{OriginKind::kEnvironment, "CISTERN__SPACE"}, ""}, {sample, origins, errors});
  EXPECT_EQ(PrintYaml(sample, origins),
            "text: a      # s.yaml:1\n"
            "groups:\n"
            "  - name: b  # s.yaml:3\n"
            "space: 1KiB  # environment CISTERN__SPACE\n");
}

// Texts that a careless printer would turn into something else.
class PrintYamlText : public testing::TestWithParam<const char*> {};

TEST_P(PrintYamlText, ReadsBackTheSame) {
  test::Sample sample, back;
  sample.set_text(GetParam());
  sample.add_words(GetParam());
  (*sample.mutable_labels())["value"] = GetParam();
  if (*GetParam() != '\0') (*sample.mutable_labels())[GetParam()] = "name";
  sample.mutable_left()->set_name("l");
  sample.mutable_left()->mutable_inner();
  Origins origins;
  YamlErrors errors;
  const std::string text = PrintYaml(sample, {});
  ReadYaml(text, {}, {back, origins, errors});
  EXPECT_EQ(errors.ToString(), "") << text;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(sample, back)) << text;
}

INSTANTIATE_TEST_SUITE_P(Texts, PrintYamlText,
                         testing::Values("", " ", "a b", "true", "No", "~", "null", "1.5", "0x10", "- a",
                                         "a: b", "#c", "a #c", "*a", "&a", "!t", "%", "@", "`", "\"", "'",
                                         "\\", "\\n", "\n", "\ta\r\n", "\x01\x1f\x7f", "gr\xc3\xbc\xc3\x9f",
                                         "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xf0\x9f\x90\xb3",
                                         "---", "...", "[x]", "{x}", "a,b", "127.0.0.1:5140", "[::1]:1",
                                         "./x", "/x y", "2026-11-20", "12:30:45", ".inf", "<<", "="));

TEST(PrintYaml, MapsAreSortedByName) {
  test::Sample sample;
  (*sample.mutable_labels())["team"] = "web 1";
  (*sample.mutable_labels())["a b"] = "x";
  (*sample.mutable_sizes())["z"] = 2;
  EXPECT_EQ(PrintYaml(sample),
            "labels:\n"
            "  \"a b\": x\n"
            "  team: \"web 1\"\n"
            "sizes:\n"
            "  z: 2\n");
}

TEST(PrintYaml, SecretsStayReferences) {
  test::Sample sample;
  sample.set_password("file:/run/secret");
  EXPECT_THAT(PrintYaml(sample, {}), testing::HasSubstr("password: \"file:/run/secret\""));
}

}  // namespace
}  // namespace cistern
