#include "service/rules/rule_text.h"

#include <gtest/gtest.h>

#include "ingest/message/tags.h"
#include "storage/batch_view.h"

namespace cistern {
namespace {

TEST(RuleTextTest, FieldsAndFurtherNamesAreFilledIn) {
  const std::vector<std::string> names{"count", "port"};
  const auto text =
      RuleText::Parse("{{count}} from {{ host }}:{{port}} {{severity}} {{tag.user}}{{procid}}.", names);
  ASSERT_TRUE(text.has_value()) << text.error();
  Record record;
  record.hostname = "web";
  record.port = 99;
  record.severity = 3;
  std::string tags;
  AppendTag(tags, "user", "bob");
  AppendTag(tags, "user", "eve");
  record.tags = tags;
  const std::vector<std::string> values{"7", "22"};
  EXPECT_EQ(text->Render(record, values), "7 from web:22 err bob,eve.");
  RecordsView view({&record, 1});
  EXPECT_EQ(text->Render(view, 0, values), "7 from web:22 err bob,eve.");
  EXPECT_EQ(text->Render(record), " from web: err bob,eve.");
}

TEST(RuleTextTest, UnknownNameIsNamed) {
  const auto text = RuleText::Parse("{{hots}}");
  ASSERT_FALSE(text.has_value());
  EXPECT_NE(text.error().find("hots"), std::string::npos);
  EXPECT_FALSE(RuleText::Parse("{{host").has_value());
}

TEST(RuleTextTest, ResultIsBounded) {
  const std::string long_text(50'000, 'x');
  Record record;
  record.message = long_text;
  EXPECT_EQ(RuleText::Parse("{{message}}{{message}}{{message}}")->Render(record).size(), RuleText::kLongest);
}

}  // namespace
}  // namespace cistern
