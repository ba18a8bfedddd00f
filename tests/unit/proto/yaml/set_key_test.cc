#include <gtest/gtest.h>

#include "proto/yaml/reader.h"
#include "sample.pb.h"

namespace cistern {
namespace {

class SetKeyTest : public testing::Test {
 protected:
  // The errors of setting `key`.
  std::string Set(std::string_view key, std::string_view value) {
    YamlErrors errors;
    SetKey(key, value, {{OriginKind::kFlag, "--set"}, ""}, {sample_, origins_, errors});
    return errors.ToString();
  }

  test::Sample sample_;
  Origins origins_;
};

TEST_F(SetKeyTest, SetsValuesInGroupsAndLists) {
  EXPECT_EQ(Set("text", "a=b: c"), "");
  EXPECT_EQ(Set("group.inner.word", "w"), "");
  EXPECT_EQ(Set("groups.0.name", "first"), "");
  EXPECT_EQ(Set("groups[1].name", "second"), "");
  EXPECT_EQ(Set("groups[0].name", "changed"), "");
  EXPECT_EQ(Set("words.0", "x"), "");
  EXPECT_EQ(Set("words[1]", "y"), "");
  EXPECT_EQ(Set("words[0]", "z"), "");
  EXPECT_EQ(Set("labels.team", "web"), "");
  EXPECT_EQ(Set("labels.team", "mail"), "");
  EXPECT_EQ(Set("labels.a.b", "c"), "");
  EXPECT_EQ(sample_.labels().size(), 2u);
  EXPECT_EQ(sample_.labels().at("team"), "mail");
  EXPECT_EQ(sample_.labels().at("a.b"), "c");
  EXPECT_EQ(sample_.text(), "a=b: c");
  EXPECT_EQ(sample_.group().inner().word(), "w");
  ASSERT_EQ(sample_.groups_size(), 2);
  EXPECT_EQ(sample_.groups(0).name(), "changed");
  ASSERT_EQ(sample_.words_size(), 2);
  EXPECT_EQ(sample_.words(0), "z");
  EXPECT_EQ(origins_.at("groups[1].name").ToString(), "flag --set");
}

TEST_F(SetKeyTest, RefusesWhatIsNotOneValue) {
  EXPECT_EQ(Set("group", "x"), "flag --set: group: is a group: name a key in it, as in group.name\n");
  EXPECT_EQ(Set("words", "x"), "flag --set: words: is a list: name an entry, as in words.0\n");
  EXPECT_EQ(Set("labels", "x"), "flag --set: labels: is a group: name a key in it, as in labels.name\n");
  EXPECT_EQ(Set("labels.", "x"), "flag --set: labels.: a name must not be empty\n");
  EXPECT_EQ(Set("words.x", "x"), "flag --set: words: is a list: \"x\" is not an index\n");
  EXPECT_EQ(Set("words.-1", "x"), "flag --set: words: is a list: \"-1\" is not an index\n");
  EXPECT_EQ(Set("words.1", "x"), "flag --set: words: has 0 entries: the next index is 0\n");
  EXPECT_EQ(Set("groups.0", "x"),
            "flag --set: groups[0]: is a group: name a key in it, as in groups[0].name\n");
  EXPECT_EQ(Set("text.more", "x"), "flag --set: text: is a single value, there is nothing below it\n");
  EXPECT_EQ(Set("gruop.name", "x"), "flag --set: gruop: unknown key; did you mean group?\n");
  EXPECT_EQ(Set("group.nmae", "x"), "flag --set: group.nmae: unknown key; did you mean name?\n");
  EXPECT_EQ(Set("space", "2MiB"), "flag --set: space: must be at most 1MiB\n");
}

TEST_F(SetKeyTest, KeepsChoicesApart) {
  EXPECT_EQ(Set("left.name", "l"), "");
  EXPECT_EQ(
      Set("right.name", "r"),
      "flag --set: right: only one of left or right may be given, and left is given already (flag --set)\n");
  EXPECT_TRUE(sample_.has_left());
}

TEST_F(SetKeyTest, OddKeysEndWell) {
  for (const char* key :
       {"", ".", "..", "[", "]", "words[", "words[]", "words.99999999999", "groups[0", "text."}) {
    EXPECT_NE(Set(key, "x"), "") << key;
  }
}

TEST_F(SetKeyTest, RefusesBadUtf8) {
  for (const char* value : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_EQ(Set("text", value), "flag --set: text: is not valid UTF-8\n");
  }
  EXPECT_EQ(Set("text", "\xe2\x82\xac\xf0\x9f\x90\xb3"), "");
}

}  // namespace
}  // namespace cistern
