#include "service/cursor/cursor.h"

#include <gtest/gtest.h>

#include "service/cursor/positions.h"
#include "tests/unit/service/flaky_store.h"
#include "tests/unit/service/temp_store.h"
#include "tests/unit/storage/fake_store.h"

namespace cistern {
namespace {

class CursorTest : public ::testing::Test {
 protected:
  void Append(std::initializer_list<const char*> messages) {
    RecordBatch batch;
    for (const char* text : messages) AddMessage(batch, std::string("<13>1 - host app - - - ") + text);
    RecordBatch* const batches[] = {&batch};
    ASSERT_TRUE(store_.Append(batches, {}).has_value());
  }
  // Everything the cursor finds until it has caught up, as "id:message" words.
  std::vector<std::string> ReadAll(Cursor& cursor) {
    std::vector<std::string> out;
    for (;;) {
      const auto state = cursor.Next();
      EXPECT_TRUE(state.has_value());
      if (!state || *state == Cursor::State::kCaughtUp) return out;
      if (*state != Cursor::State::kMatches) continue;
      for (const auto row : cursor.rows()) out.emplace_back(cursor.view().Row(row).message);
    }
  }

  TempFolder folder_;
  FlakyStore store_{OpenStore(folder_.path())};
};

using Words = std::vector<std::string>;

TEST_F(CursorTest, ReadsHistoryThenNewCommits) {
  Append({"one", "two"});
  Cursor cursor(store_, Filter(), RecordId{0});
  EXPECT_EQ(ReadAll(cursor), (Words{"one", "two"}));
  EXPECT_EQ(ReadAll(cursor), Words{});
  Append({"three"});
  EXPECT_EQ(ReadAll(cursor), (Words{"three"}));
}

TEST_F(CursorTest, StartsBehindItsPositionAlsoInsideABatch) {
  Append({"one", "two", "three"});
  const auto first = ToInt(store_.first_id());
  Cursor cursor(store_, Filter(), RecordId{first});
  EXPECT_EQ(ReadAll(cursor), (Words{"two", "three"}));
}

TEST_F(CursorTest, BatchThatStaysDamagedIsPassed) {
  FakeStore store;
  for (const char* text : {"one", "two", "three"}) {
    Record record;
    record.message = text;
    store.AddBatch({record});
  }
  store.damaged_batch = 1;
  Cursor cursor(store, Filter(), RecordId{0});
  EXPECT_EQ(ReadAll(cursor), (Words{"one", "three"}));
  EXPECT_EQ(cursor.position(), RecordId{3});
}

TEST_F(CursorTest, FilterSelectsAndPositionPassesWhatDoesNotMatch) {
  Append({"alpha", "beta"});
  Append({"gamma"});
  Cursor cursor(store_, *Filter::Parse("alpha"), RecordId{0});
  EXPECT_EQ(ReadAll(cursor), (Words{"alpha"}));
  EXPECT_EQ(cursor.position(), store_.last_id());
}

TEST_F(CursorTest, ImportedRecordsMatchOnlyWhenAskedFor) {
  RecordBatch batch;
  AddMessage(batch, "<13>1 - h a - - - old");
  batch.records()[0].flags |= kFlagImported;
  AddMessage(batch, "<13>1 - h a - - - new");
  RecordBatch* const batches[] = {&batch};
  ASSERT_TRUE(store_.Append(batches, {}).has_value());
  Cursor live(store_, Filter(), RecordId{0});
  EXPECT_EQ(ReadAll(live), (Words{"new"}));
  EXPECT_EQ(live.position(), store_.last_id());
  Cursor all(store_, Filter(), RecordId{0}, Cursor::Imported::kInclude);
  EXPECT_EQ(ReadAll(all), (Words{"old", "new"}));
}

TEST_F(CursorTest, NewCursorBehindAPositionNeitherMissesNorRepeats) {
  for (int i = 0; i < 20; ++i) Append({"a", "b", "c"});
  Words all;
  RecordId position{0};
  for (int i = 0; i < 40; ++i) {
    Cursor cursor(store_, Filter(), position);
    const auto state = cursor.Next();
    ASSERT_TRUE(state.has_value());
    if (*state == Cursor::State::kCaughtUp) break;
    for (const auto row : cursor.rows()) all.emplace_back(cursor.view().Row(row).message);
    position = cursor.position();
  }
  EXPECT_EQ(all.size(), 60u);
}

TEST_F(CursorTest, PositionsSurviveAReopenedStoreOnceSaved) {
  CursorPositions positions(store_);
  EXPECT_EQ(positions.Get("tail/x"), std::nullopt);
  positions.Advance("tail/x", RecordId{10});
  positions.Advance("tail/x", RecordId{5});
  ASSERT_TRUE(positions.Save().has_value());
  CursorPositions again(store_);
  EXPECT_EQ(again.Get("tail/x"), RecordId{10});
}

TEST_F(CursorTest, FailedSaveIsTriedAgain) {
  CursorPositions positions(store_);
  positions.Advance("tail/x", RecordId{10});
  store_.FailWith(StoreErrc::kDiskFull);
  EXPECT_FALSE(positions.Save().has_value());
  store_.FailWith({});
  ASSERT_TRUE(positions.Save().has_value());
  EXPECT_EQ(store_.GetCursor("tail/x"), RecordId{10});
}

}  // namespace
}  // namespace cistern
