#include "proto/yaml/document.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

using Kind = YamlNode::Kind;

std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(ParseYaml, KeepsPositionsFromOne) {
  const auto document = ParseYaml("a: 1\nb:\n  - x\n  - {c: d}\n");
  ASSERT_TRUE(document);
  const YamlNode& root = *document->root;
  ASSERT_EQ(root.kind, Kind::kMap);
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key->text, "a");
  EXPECT_EQ(root.entries[1].key->line, 2);
  EXPECT_EQ(root.entries[1].key->column, 1);
  const YamlNode& list = *root.entries[1].value;
  ASSERT_EQ(list.kind, Kind::kList);
  EXPECT_EQ(list.items[1]->line, 4);
  EXPECT_EQ(list.items[1]->entries[0].value->column, 9);
}

TEST(ParseYaml, EmptyTextHasNoRoot) {
  for (const char* text : {"", "\n\n", "# only a comment\n"}) {
    const auto document = ParseYaml(text);
    ASSERT_TRUE(document) << text;
    EXPECT_TRUE(document->root == nullptr || document->root->kind == Kind::kNull) << text;
  }
}

TEST(ParseYaml, AliasSharesTheNode) {
  const auto document = ParseYaml("a: &x {k: v}\nb: *x\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root->entries[0].value, document->root->entries[1].value);
}

struct RefusedCase {
  const char* name;
  std::string text;
  int line;
  const char* message;
};

class ParseYamlRefuses : public testing::TestWithParam<RefusedCase> {};

TEST_P(ParseYamlRefuses, WithPositionAndReason) {
  const auto document = ParseYaml(GetParam().text);
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().line, GetParam().line);
  EXPECT_EQ(document.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ParseYamlRefuses,
    testing::Values(
        RefusedCase{"UnclosedMap", "a: 1\nb: {c: 1\n", 3, "not valid YAML: end of map flow not found"},
        RefusedCase{"TabIndent", "a:\n\tb: 1\n", 2, "a tab cannot indent; use spaces"},
        RefusedCase{"SecondDocument", "a: 1\n---\nb: 2\n", 3,
                    "a second document begins here; one file holds one document"},
        RefusedCase{"Tag", "a: !!int 1\n", 1, "tags are not supported"},
        RefusedCase{"UnknownAlias", "a: *nobody\n", 1,
                    "not valid YAML: the referenced anchor is not defined"},
        RefusedCase{"AliasInItself", "a: &x [*x]\n", 1, "an alias must not stand inside what it names"},
        RefusedCase{"TooDeep", Repeated("[", 33), 1, "nested more than 32 levels deep"},
        RefusedCase{"FarTooDeep", Repeated("[", 100'000), 1, "nested more than 32 levels deep"},
        RefusedCase{"TooManyValues", "[" + Repeated("a,", 100'001) + "]", 1, "more than 100000 values"},
        RefusedCase{"TooLarge", std::string((1 << 20) + 1, '#'), 0, "larger than 1 MiB"}),
    [](const auto& info) { return info.param.name; });

TEST(ParseYaml, ThirtyTwoLevelsAreAllowed) { EXPECT_TRUE(ParseYaml(Repeated("[", 32) + Repeated("]", 32))); }

TEST(ParseYaml, EveryPrefixEndsWell) {
  const std::string whole =
      "a: &x {k: \"v\\n\", l: [1, 'two', |]}\nb: *x\n? c\n: >-\n  folded\n  text\n--- %\n";
  for (std::size_t n = 0; n <= whole.size(); ++n) ParseYaml(std::string_view(whole).substr(0, n));
}

}  // namespace
}  // namespace cistern
