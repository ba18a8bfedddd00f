#include "proto/yaml/scalar.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "sample.pb.h"

namespace cistern {
namespace {

TEST(SetScalar, LeavesTheMessageAloneOnAProblem) {
  test::Sample sample;
  sample.set_small(5);
  const auto& field = *sample.GetDescriptor()->FindFieldByName("small");
  EXPECT_TRUE(SetScalar(sample, field, kNoIndex, "x", ""));
  EXPECT_EQ(sample.small(), 5);
}

TEST(SetScalar, ResolvesPathsAgainstTheFolder) {
  test::Sample sample;
  const auto& field = *sample.GetDescriptor()->FindFieldByName("path");
  const auto resolved = [&](const char* text, const char* folder) {
    EXPECT_FALSE(SetScalar(sample, field, kNoIndex, text, folder));
    return sample.path();
  };
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(resolved("./data", "/etc/cistern"), "/etc/cistern/data");
  EXPECT_EQ(resolved("/var/data", "/etc/cistern"), "/var/data");
  EXPECT_EQ(resolved("data", ""), here + "/data");
  EXPECT_EQ(resolved("data", "conf"), here + "/conf/data");
}

TEST(Quoted, IsFitForATerminal) {
  EXPECT_EQ(Quoted("a\x1b[31m\n\x7f"), "\"a\\x1b[31m\\x0a\\x7f\"");
  EXPECT_EQ(Quoted("\xc2\x9b"), "\"\xc2\\x9b\"");
  EXPECT_EQ(Quoted("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')), '"' + std::string(60, 'x') + "...\"");
}

TEST(JoinNames, ReadsLikeASentence) {
  EXPECT_EQ(JoinNames({}), "");
  EXPECT_EQ(JoinNames({"a"}), "a");
  EXPECT_EQ(JoinNames({"a", "b", "c"}), "a, b or c");
}

}  // namespace
}  // namespace cistern
