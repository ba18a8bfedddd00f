#include "service/access/grants.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "cistern/v1/config.pb.h"

namespace cistern {
namespace {

using testing::HasSubstr;

v1::ControlConfig Control(const std::string& text) {
  v1::ControlConfig control;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &control)) << text;
  return control;
}

std::string Errors(const std::string& text) {
  YamlErrors errors;
  CheckGrants(Control(text), {}, errors);
  return errors.ToString();
}

TEST(Grants, AreReadAsTheyAreWritten) {
  const auto grants = ToGrants(Control(
      R"(grants { name: "a" identity: "dns:WEB.example" roles: "reader" roles: "ingester" filter: "app:x" }
         grants { name: "b" token_file: "/t" roles: "admin" })"));
  ASSERT_EQ(grants.size(), 2u);
  EXPECT_EQ(grants[0].identity, "dns:web.example");
  EXPECT_EQ(grants[0].right->roles.ToString(), "reader, ingester");
  EXPECT_EQ(grants[0].right->filter_text, "app:x");
  EXPECT_EQ(grants[1].token_file, "/t");
}

TEST(Grants, MistakesAreTold) {
  EXPECT_EQ(Errors(R"(grants { name: "a" identity: "ip:2001:db8::1" roles: "reader" })"), "");
  EXPECT_THAT(Errors(R"(grants { name: "A" identity: "dns:x" roles: "reader" })"),
              HasSubstr("grants[0].name"));
  EXPECT_THAT(Errors(R"(grants { name: "local" identity: "dns:x" roles: "reader" })"),
              HasSubstr("Unix socket"));
  EXPECT_THAT(Errors(R"(grants { name: "a" identity: "dns:x" roles: "reader" }
                        grants { name: "a" identity: "dns:y" roles: "reader" })"),
              HasSubstr("another grant"));
  for (const char* identity : {"x", "dns:", "ip:x", "cn:x", ""})
    EXPECT_THAT(
        Errors("grants { name: \"a\" identity: \"" + std::string(identity) + "\" roles: \"reader\" }"),
        HasSubstr("is no name of a certificate"))
        << identity;
  EXPECT_THAT(Errors(R"(grants { name: "a" identity: "dns:x" })"), HasSubstr("at least one"));
  EXPECT_THAT(Errors(R"(grants { name: "a" identity: "dns:x" roles: "root" })"),
              HasSubstr("\"root\" is not one of"));
  EXPECT_THAT(Errors(R"(grants { name: "a" identity: "dns:x" roles: "reader" filter: "app:(" })"),
              HasSubstr("grants[0].filter"));
  EXPECT_THAT(Errors(R"(grants { name: "a" identity: "dns:x" roles: "admin" filter: "app:x" })"),
              HasSubstr("limits only reader and ingester"));
}

}  // namespace
}  // namespace cistern
