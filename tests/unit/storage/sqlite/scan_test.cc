#include <gmock/gmock.h>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kHour;
using testing::kNoon;
using testing::kSecond;

// Every test runs with all batches in memory, with none, and with the last few.
class ScanTest : public testing::StoreTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  ScanTest() { options_.recent_bytes = GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(RecentBytes, ScanTest, ::testing::Values(0, 500, 16 << 20),
                         [](const auto& info) { return "Recent" + std::to_string(info.param); });

TEST_P(ScanTest, BothOrdersCrossFiles) {
  Open();
  MustAppend({"a", "b"}, kNoon);
  MustAppend({"c"}, kNoon + 1);
  MustAppend({"d"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("d", "c", "b", "a"));
}

TEST_P(ScanTest, IdBoundsGiveAllWithinThem) {
  Open();
  for (int i = 0; i < 5; ++i)
    MustAppend({std::to_string(2 * i + 1), std::to_string(2 * i + 2)}, kNoon + i * kDay);
  EXPECT_THAT(ReadAll({.id_min = 4, .id_max = 5}), ElementsAre("4", "5"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst, .id_min = 4, .id_max = 5}), ElementsAre("5", "4"));
  EXPECT_THAT(ReadAll({.id_min = 11}), IsEmpty());
  EXPECT_THAT(ReadAll({.id_min = 3, .id_max = 2}), IsEmpty());
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst, .id_max = 0}), IsEmpty());
}

TEST_P(ScanTest, ReceivedBoundsGiveAllWithinThem) {
  Open();
  for (int i = 0; i < 40; ++i) MustAppend({std::to_string(i)}, kNoon + i * kHour);
  const ScanOptions options{.received_min = kNoon + 9 * kHour, .received_max = kNoon + 13 * kHour};
  EXPECT_THAT(ReadAll(options), ElementsAre("9", "10", "11", "12", "13"));
  ScanOptions backwards = options;
  backwards.order = ScanOrder::kNewestFirst;
  EXPECT_THAT(ReadAll(backwards), ElementsAre("13", "12", "11", "10", "9"));
}

TEST_P(ScanTest, ReceivedBoundsHoldWhenBatchesCameOutOfOrder) {
  std::mt19937_64 random(5);
  Open();
  std::vector<std::int64_t> times;
  for (int i = 0; i < 200; ++i) {
    times.push_back(kNoon + i * 10 * kSecond - static_cast<std::int64_t>(random() % 1800) * kSecond);
    MustAppend({std::to_string(i)}, times.back());
  }
  for (int round = 0; round < 30; ++round) {
    const std::int64_t from = kNoon + static_cast<std::int64_t>(random() % 4000 - 1800) * kSecond;
    const std::int64_t to = from + static_cast<std::int64_t>(random() % 600) * kSecond;
    std::vector<std::string> want;
    for (std::size_t i = 0; i < times.size(); ++i)
      if (times[i] >= from && times[i] <= to) want.push_back(std::to_string(i));
    EXPECT_EQ(ReadAll({.received_min = from, .received_max = to}), want);
    std::reverse(want.begin(), want.end());
    EXPECT_EQ(ReadAll({.order = ScanOrder::kNewestFirst, .received_min = from, .received_max = to}), want);
  }
}

TEST_P(ScanTest, GoesOnAfterTheNextCommit) {
  Open();
  const auto scan = store_->NewScan({});
  EXPECT_THAT(Read(*scan), IsEmpty());
  MustAppend({"a"});
  EXPECT_THAT(Read(*scan), ElementsAre("a"));
  EXPECT_THAT(Read(*scan), IsEmpty());
  MustAppend({"b"});
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_THAT(Read(*scan), ElementsAre("b", "c"));
}

// What was read from memory in between is not missing in the file.
TEST_P(ScanTest, GoesFromTheFileToMemoryAndBack) {
  Open();
  MustAppendNumbered(40, 5);
  const auto scan = store_->NewScan({});
  EXPECT_EQ(Read(*scan).size(), 200u);
  for (int round = 0; round < 3; ++round) {
    MustAppendNumbered(1, 5);
    EXPECT_EQ(Read(*scan).size(), 5u) << "from memory, where there is any";
    MustAppendNumbered(40, 5);
    EXPECT_EQ(Read(*scan).size(), 200u);
  }
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_EQ(store_->Stats().quarantined_batches, 0u);
}

TEST_P(ScanTest, StartsAtAnIdThatIsNotThereYet) {
  Open();
  const auto scan = store_->NewScan({.id_min = 3});
  MustAppend({"1", "2"});
  EXPECT_THAT(Read(*scan), IsEmpty());
  MustAppend({"3"});
  EXPECT_THAT(Read(*scan), ElementsAre("3"));
}

TEST_P(ScanTest, ReadsWhatAnEarlierProcessWrote) {
  Open();
  MustAppend({"a", "b"});
  MustAppend({"c"}, kNoon + kDay);
  Crash();
  Open();
  MustAppend({"d"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("d", "c", "b", "a"));
}

TEST_P(ScanTest, RecordsComeBackOctetForOctet) {
  Open();
  std::mt19937_64 random(9);
  RecordBatch batch;
  for (int i = 0; i < 500; ++i) {
    testing::AddRandomRecord(batch, random);
    batch.records().back().received = kNoon + i;
  }
  RecordBatch* const batches[] = {&batch};
  ASSERT_TRUE(store_->Append(batches, {}));
  const auto stored = std::move(*store_->NewScan({})->Next());
  ASSERT_EQ(stored->size(), batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Record got = stored->Row(i);
    const Record& want = batch.records()[i];
    EXPECT_EQ(got.id, want.id);
    EXPECT_EQ(got.message, want.message);
    EXPECT_EQ(got.raw, want.raw);
    EXPECT_EQ(got.time, want.time);
    EXPECT_EQ(got.hostname, want.hostname);
    EXPECT_EQ(got.peer, want.peer);
    EXPECT_EQ(got.shape, want.shape);
  }
}

}  // namespace
}  // namespace cistern
