#include "ingest/message/tags.h"

#include <gtest/gtest.h>

#include <vector>

namespace cistern {
namespace {

TEST(Tags, ReadBackInOrder) {
  const std::vector<std::pair<std::string, std::string>> tags = {
      {"a", "1"},
      {"b", ""},
      {"", "x"},
      {"a", "again"},
      {"long", std::string(300, 'v')},
      {std::string(127, 'n'), std::string(128, 'v')}};
  std::string encoded;
  for (const auto& [name, value] : tags) AppendTag(encoded, name, value);
  TagsReader reader(encoded);
  for (const auto& [name, value] : tags) {
    const auto tag = reader.Next();
    ASSERT_TRUE(tag);
    EXPECT_EQ(tag->name, name);
    EXPECT_EQ(tag->value, value);
  }
  EXPECT_FALSE(reader.Next());
}

TEST(Tags, MalformedInputEndsTheWalk) {
  std::string encoded;
  AppendTag(encoded, "name", "value");
  for (std::size_t n = 0; n < encoded.size(); ++n) {
    TagsReader reader(std::string_view(encoded).substr(0, n));
    EXPECT_FALSE(reader.Next()) << n;
    EXPECT_FALSE(reader.Next()) << n;
  }
  EXPECT_FALSE(TagsReader(std::string(20, '\xff')).Next());
  EXPECT_FALSE(TagsReader("\x7f"
                          "abc")
                   .Next());
}

}  // namespace
}  // namespace cistern
