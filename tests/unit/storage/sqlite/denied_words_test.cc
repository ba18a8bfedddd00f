#include "storage/sqlite/denied_words.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

TEST(DeniedWordsTest, HoldForTheQuestionAndTheBlockAlone) {
  DeniedWords denied;
  denied.Add("mroot", {3, 1, 70, 5});
  EXPECT_TRUE(denied.Contains("mroot", {3, 1, 70, 5}));
  EXPECT_FALSE(denied.Contains("aroot", {3, 1, 70, 5}));
  EXPECT_FALSE(denied.Contains("mroo", {3, 1, 70, 5}));
  EXPECT_FALSE(denied.Contains("mroot", {2, 1, 70, 5})) << "another file";
  EXPECT_FALSE(denied.Contains("mroot", {3, 2, 70, 5})) << "another generation";
  EXPECT_FALSE(denied.Contains("mroot", {3, 1, 70, 6})) << "another block in its place";
  EXPECT_FALSE(denied.Contains("mroot", {3, 1, 70, 0}));
  for (const std::uint64_t other : {0, 6, 69, 71, 134, 1'000'000})
    EXPECT_FALSE(denied.Contains("mroot", {3, 1, other, 5})) << other;
  EXPECT_FALSE(denied.Contains("mroot", {3, 1, 69, 0})) << "nothing is known of it";
}

TEST(DeniedWordsTest, QuestionsAskedLongestAgoAreForgotten) {
  DeniedWords denied;
  const auto question = [](std::size_t i) { return "word" + std::to_string(i); };
  for (std::size_t i = 0; i < DeniedWords::kMaxQuestions; ++i) denied.Add(question(i), {1, 1, 1, 7});
  EXPECT_TRUE(denied.Contains(question(0), {1, 1, 1, 7}));
  denied.Add("another", {1, 1, 1, 7});
  EXPECT_TRUE(denied.Contains(question(0), {1, 1, 1, 7})) << "asked again meanwhile";
  EXPECT_FALSE(denied.Contains(question(1), {1, 1, 1, 7}));
  EXPECT_TRUE(denied.Contains("another", {1, 1, 1, 7}));
}

TEST(DeniedWordsTest, RoomIsBounded) {
  constexpr std::uint64_t kOrdinal = (1 << 16) - 1;  // half of the room
  DeniedWords denied;
  for (const char* question : {"first", "second", "third"}) denied.Add(question, {1, 1, kOrdinal, 7});
  EXPECT_FALSE(denied.Contains("first", {1, 1, kOrdinal, 7}));
  EXPECT_TRUE(denied.Contains("second", {1, 1, kOrdinal, 7}));
  EXPECT_TRUE(denied.Contains("third", {1, 1, kOrdinal, 7}));
  for (const std::uint64_t file : {2, 3}) denied.Add("third", {file, 1, kOrdinal, 7});
  EXPECT_FALSE(denied.Contains("third", {3, 1, kOrdinal, 7})) << "one question is too much by itself";
  denied.Add("fourth", {1, 1, UINT64_MAX, 7});
  EXPECT_FALSE(denied.Contains("fourth", {1, 1, UINT64_MAX, 7})) << "no file has so many blocks";
  denied.Add("fourth", {1, 1, kOrdinal, 7});
  EXPECT_TRUE(denied.Contains("fourth", {1, 1, kOrdinal, 7}));
}

}  // namespace
}  // namespace cistern
