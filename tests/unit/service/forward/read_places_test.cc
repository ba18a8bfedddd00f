#include "service/forward/read_places.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "service/forward/chunk_reader.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

struct Reader {
  explicit Reader(ReadPlaces& places) : place(places, [this] { open = false; }) {}
  bool Enter(const Stop& stop) { return open = place.Enter(stop); }

  bool open = false;
  ReadPlace place;
};

TEST(ReadPlacesTest, BatchThatIsNotUsedIsTakenAwayForOneThatWaits) {
  ReadPlaces places(1);
  Reader first(places), second(places);
  const Stop stop;
  ASSERT_TRUE(first.Enter(stop));
  first.place.Release();
  ASSERT_TRUE(second.Enter(stop));
  EXPECT_FALSE(first.open);
  EXPECT_FALSE(first.place.Hold());
  EXPECT_TRUE(second.place.Hold());
}

TEST(ReadPlacesTest, BatchInUseIsNotTakenAway) {
  ReadPlaces places(1);
  Reader first(places), second(places);
  const Stop stop;
  ASSERT_TRUE(first.Enter(stop));
  std::thread other([&] { EXPECT_TRUE(second.Enter(stop)); });
  first.place.Release();
  const bool held = first.place.Hold();
  EXPECT_EQ(first.open, held);
  if (held) first.place.Leave();
  other.join();
  EXPECT_TRUE(second.open);
}

TEST(ReadPlacesTest, StopEndsTheWait) {
  ReadPlaces places(1);
  Reader first(places), second(places);
  Stop stop;
  ASSERT_TRUE(first.Enter(stop));
  stop.Request();
  EXPECT_FALSE(second.Enter(stop));
  EXPECT_TRUE(first.open);
}

TEST(ReadPlacesTest, NobodyWantsOneNobodyLosesOne) {
  ReadPlaces places(2);
  Reader first(places), second(places);
  const Stop stop;
  ASSERT_TRUE(first.Enter(stop) && second.Enter(stop));
  first.place.Release();
  EXPECT_TRUE(first.place.Hold());
  EXPECT_TRUE(first.open && second.open);
}

class ChunkReaderTest : public ::testing::Test {
 protected:
  ChunkReaderTest() {
    RecordBatch batch;
    for (int i = 0; i < 6; ++i) AddMessage(batch, "<13>1 - host app - - - number " + std::to_string(i));
    RecordBatch* const batches[] = {&batch};
    EXPECT_TRUE(store_->Append(batches, {}).has_value());
  }
  ChunkReader Make() {
    return {*store_,    *Filter::Parse(""),      *Filter::Parse("none"),
            RecordId{}, Cursor::Imported::kSkip, places_};
  }
  std::string Next(ChunkReader& reader, std::size_t most) {
    const auto state = reader.Next(most, stop_);
    if (!state || *state != ChunkReader::State::kRows) return "none";
    std::string text;
    for (const std::uint32_t row : reader.chunk().rows) text += reader.chunk().view.Row(row).message.back();
    return text;
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenStore(folder_.path());
  ReadPlaces places_{1};
  Stop stop_;
};

TEST_F(ChunkReaderTest, ReadersTakeTurnsWithoutGapOrRepeat) {
  ChunkReader first = Make(), second = Make();
  for (const std::string expected : {"01", "23", "45"}) {
    for (ChunkReader* reader : {&first, &second}) {
      EXPECT_EQ(Next(*reader, 2), expected);
      reader->Took(2);
    }
  }
  EXPECT_EQ(Next(first, 2) + Next(second, 2), "nonenone");
  EXPECT_EQ(ToInt(first.position()), 6u);
}

TEST_F(ChunkReaderTest, WhatWasNotTakenComesAgainAfterTheBatchWasTakenAway) {
  ChunkReader first = Make(), second = Make();
  ASSERT_EQ(Next(first, 4), "0123");
  {
    const WithoutBatch wait(first.chunk());
    EXPECT_EQ(Next(second, 6), "012345");
    second.Took(6);
  }
  EXPECT_FALSE(first.chunk().here());
  EXPECT_EQ(ToInt(first.chunk().ids[3]), 4u);
  first.Took(1);
  EXPECT_EQ(ToInt(first.position()), 1u);
  EXPECT_EQ(Next(first, 6), "12345");
}

}  // namespace
}  // namespace cistern
