// Objects that the store keeps for others, what is behind a position, and retention that waits.
#include <gmock/gmock.h>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kNoon;

class ObjectsTest : public testing::StoreTest {
 protected:
  std::vector<std::string> Names(const std::string& kind, const std::string& after = "",
                                 std::size_t limit = 100) {
    std::vector<std::string> names;
    for (const StoredObject& object : *store_->ListObjects(kind, after, limit)) names.push_back(object.name);
    return names;
  }
  static StateChange Put(const std::string& kind, const std::string& name, const std::string& body,
                         std::optional<std::uint64_t> revision = {}) {
    return {.objects = {{kind, name, body, revision}}};
  }
};

TEST_F(ObjectsTest, AreThereAgainAfterARestart) {
  Open();
  const std::string body("a\0b\xff", 4);
  ASSERT_TRUE(store_->ChangeState(Put("target", "x", body)));
  store_.reset();
  Open();
  const auto object = store_->GetObject("target", "x");
  ASSERT_TRUE(object && *object);
  EXPECT_EQ((*object)->body, body);
  EXPECT_EQ((*object)->revision, 1u);
  EXPECT_FALSE(store_->GetObject("target", "y")->has_value());
  EXPECT_FALSE(store_->GetObject("rule", "x")->has_value());
}

TEST_F(ObjectsTest, AreListedByNamePageByPage) {
  Open();
  for (const char* name : {"c", "a", "b"}) ASSERT_TRUE(store_->ChangeState(Put("k", name, "")));
  EXPECT_THAT(Names("k"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Names("k", "a", 1), ElementsAre("b"));
  EXPECT_EQ(*store_->CountObjects("k"), 3u);
  ASSERT_TRUE(store_->ChangeState({.deleted_kinds = {"k"}}));
  EXPECT_THAT(Names("k"), IsEmpty());
}

TEST_F(ObjectsTest, ChangeAgainstAnotherRevisionChangesNothingAtAll) {
  Open();
  const auto first = store_->ChangeState(Put("k", "a", "1", 0));
  ASSERT_TRUE(first);
  StateChange change = Put("k", "b", "new");
  change.cursors.emplace_back("cursor", RecordId{7});
  change.objects.push_back({"k", "a", "2", first->front() + 1});
  const auto refused = store_->ChangeState(change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), StoreErrc::kConflict);
  EXPECT_THAT(Names("k"), ElementsAre("a"));
  EXPECT_FALSE(store_->GetCursor("cursor").has_value());
  EXPECT_EQ(store_->ChangeState(Put("k", "a", "2", 0)).error(), StoreErrc::kConflict);
  EXPECT_TRUE(store_->ChangeState(Put("k", "a", "2", first->front())));
}

TEST_F(ObjectsTest, RevisionOfADeletedObjectDoesNotComeAgain) {
  Open();
  const auto first = store_->ChangeState(Put("k", "a", "1"));
  ASSERT_TRUE(store_->ChangeState({.objects = {{"k", "a", std::nullopt, first->front()}}}));
  EXPECT_GT(store_->ChangeState(Put("k", "a", "1"))->front(), first->front());
}

TEST_F(ObjectsTest, BehindCountsWhatIsStoredBehindAPosition) {
  Open();
  MustAppend({"a", "b"}, kNoon);
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_EQ(store_->Behind(RecordId{0}).records, 3u);
  EXPECT_EQ(store_->Behind(RecordId{1}).records, 2u);
  EXPECT_EQ(store_->Behind(RecordId{2}).oldest_received, kNoon + kDay);
  EXPECT_GT(store_->Behind(RecordId{2}).bytes, 0u);
  EXPECT_EQ(store_->Behind(RecordId{3}).records, 0u);
  EXPECT_EQ(store_->Behind(RecordId{3}).oldest_received, 0);
}

TEST_F(ObjectsTest, RetentionWaitsForWhatIsNeededButNotForEver) {
  options_.retention.max_age = std::chrono::hours(48);
  now_ = kNoon + 3 * kDay;
  Open();
  for (int i = 0; i < 4; ++i) MustAppend({"d" + std::to_string(i)}, kNoon + i * kDay);
  store_->HoldRetention(RecordId{0}, std::chrono::hours(24));
  EXPECT_THAT(*store_->ApplyRetention(), IsEmpty());
  store_->HoldRetention(RecordId{1}, std::chrono::hours(24));
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u) << "nobody needs the first file";
  store_.reset();  // a clock that jumps would suspend retention
  now_ = kNoon + 5 * kDay;
  Open();
  store_->HoldRetention(RecordId{1}, std::chrono::hours(24));
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u) << "the second is a day older than it may be";
  store_->HoldRetention(std::nullopt, std::chrono::hours(24));
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u);
}

TEST_F(ObjectsTest, RetentionBySizeWaitsUpToATenthMore) {
  Open();
  for (int i = 0; i < 4; ++i) MustAppend({"d" + std::to_string(i)}, kNoon + i * kDay);
  store_->HoldRetention(RecordId{0}, std::chrono::hours(24));
  store_->SetRetention({.max_bytes = 1});
  ASSERT_GE((*store_->ApplyRetention()).size(), 1u) << "far too much is not waited for";
  for (int i = 4; i < 8; ++i) MustAppend({"d" + std::to_string(i)}, kNoon + i * kDay);
  store_.reset();  // closes the files, so that their sizes stay
  Open();
  store_->HoldRetention(RecordId{0}, std::chrono::hours(24));
  const std::uint64_t total = store_->Stats().bytes;
  store_->HoldRetention(RecordId{0}, std::chrono::hours(24));
  store_->SetRetention({.max_bytes = total - total / 20});
  EXPECT_THAT(*store_->ApplyRetention(), IsEmpty());
  store_->SetRetention({.max_bytes = total - total / 5});
  EXPECT_GE((*store_->ApplyRetention()).size(), 1u);
}

}  // namespace
}  // namespace cistern
