// Imports have files of their own, so that what is live stays in unbroken id ranges.
#include <gmock/gmock.h>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::kHour;
using testing::kNoon;
using testing::kSecond;

constexpr std::int64_t kLastMonth = kNoon - 30 * kDay;

// Every test runs with all batches in memory and with none.
class ImportTest : public testing::StoreTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  ImportTest() { options_.recent_bytes = GetParam(); }
  CommitResult Import(const std::vector<std::string>& texts, std::int64_t received,
                      const std::vector<ClientSequence>& sequences = {}) {
    RecordBatch batch;
    for (const std::string& text : texts) testing::AddRecord(batch, text, received).flags |= kFlagImported;
    RecordBatch* const batches[] = {&batch};
    const Result<CommitResult> done = store_->Append(batches, sequences);
    EXPECT_TRUE(done.has_value()) << done.error().message();
    return done ? *done : CommitResult{};
  }
};

INSTANTIATE_TEST_SUITE_P(RecentBytes, ImportTest, ::testing::Values(0, 16 << 20),
                         [](const auto& info) { return "Recent" + std::to_string(info.param); });

TEST_P(ImportTest, GoesToAFileOfItsOwnBetweenTheLiveOnes) {
  Open();
  MustAppend({"a"});
  Import({"old 1", "old 2"}, kLastMonth);
  EXPECT_EQ(ToInt(store_->last_id()), 3u);
  MustAppend({"b"});
  Import({"old 3"}, kLastMonth + kDay);
  MustAppend({"c"});
  EXPECT_THAT(LogFiles(),
              ElementsAre("000001-2026-11-20.db", "000002-2026-10-21.db", "000003-2026-11-20.db"));
  EXPECT_THAT(ReadAll(), ElementsAre("a", "old 1", "old 2", "old 3", "b", "c"));
  EXPECT_EQ(ids_[3], 4u);
  EXPECT_GT(ids_[4], 1u << 22) << "ids set aside for the import";
  EXPECT_EQ(ids_[5], ids_[4] + 1);
  EXPECT_EQ(ToInt(store_->last_id()), ids_[5]);
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}),
              ElementsAre("c", "b", "old 3", "old 2", "old 1", "a"));
  EXPECT_EQ(store_->Stats().records, 6u);
}

TEST_P(ImportTest, FollowerOfWhatIsLiveMissesNothing) {
  Open();
  MustAppend({"a"});
  const auto scan = store_->NewScan({.id_min = 2});
  std::vector<std::string> live;
  for (int i = 0; i < 20; ++i) {
    Import({"old", "older"}, kLastMonth + i * kHour);
    MustAppend({"live " + std::to_string(i)});
    store_->Idle();
    for (const std::string& text : Read(*scan))
      if (text.starts_with("live")) live.push_back(text);
  }
  EXPECT_EQ(live.size(), 20u);
  EXPECT_FALSE(scan->TakeGap().has_value());
  EXPECT_EQ(LogFiles().size(), 3u);
  EXPECT_EQ(ReadAll().size(), 61u);
}

TEST_P(ImportTest, TimesAreThoseOfTheRecords) {
  Open();
  MustAppend({"a"});
  Import({"late"}, kLastMonth + kDay);
  Import({"early"}, kLastMonth);
  MustAppend({"b"});
  EXPECT_THAT(ReadAll({.received_min = kLastMonth, .received_max = kLastMonth + kHour}),
              ElementsAre("early"));
  EXPECT_THAT(ReadAll({.received_min = kLastMonth + kHour, .received_max = kLastMonth + 2 * kDay}),
              ElementsAre("late"));
  EXPECT_THAT(ReadAll({.received_min = kNoon}), ElementsAre("a", "b"));
}

TEST_P(ImportTest, LargeImportBecomesBlocksAndSmallOnesAreSealed) {
  options_.block_records = 40;
  Open();
  MustAppend({"a"});
  Import(std::vector<std::string>(100, "old"), kLastMonth);
  for (int i = 0; i < 50; ++i) Import({"old", "old", "old"}, kLastMonth + i * kSecond);
  const std::string path = LogPath("000002-2026-10-21.db");
  IdleUntil([&] { return Value(path, "SELECT count(*) FROM block") > 3; });
  now_ += 61 * kSecond;  // nothing came for a minute
  IdleUntil([&] { return Value(path, "SELECT sum(records) FROM block") == 250; });
  MustAppend({"b"});
  EXPECT_EQ(ReadAll().size(), 252u);
  Import({"next"}, kLastMonth);
  EXPECT_EQ(LogFiles().size(), 4u);
}

TEST_P(ImportTest, RestartsLeaveFilesInOrder) {
  Open();
  MustAppend({"a"});
  Import({"old 1"}, kLastMonth, {{"client", 4}});
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 4u);
  MustAppend({"b"});
  Import({"old 2"}, kLastMonth, {{"client", 5}});
  MustAppend({"c"});
  Crash();
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 5u);
  MustAppend({"d"});
  Import({"old 3"}, kLastMonth, {{"client", 6}});
  Crash();
  Open();
  MustAppend({"e"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "old 1", "b", "old 2", "c", "d", "old 3", "e"));
  EXPECT_TRUE(std::is_sorted(ids_.begin(), ids_.end()));
  EXPECT_EQ(store_->LastSequence("client"), 6u);
  EXPECT_TRUE(warnings_.empty());
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 6u);
}

TEST_P(ImportTest, FullImportFileIsFollowedByAnother) {
  options_.max_file_bytes = 300'000;
  Open();
  std::mt19937_64 random(1);
  for (int i = 0; i < 12; ++i) {
    std::string noise(60'000, '\0');
    for (char& octet : noise) octet = static_cast<char>(random());
    Import({noise}, kLastMonth + i);
    MustAppend({"live"});
  }
  EXPECT_GE(LogFiles().size(), 4u);
  EXPECT_EQ(ReadAll().size(), 24u);
  EXPECT_TRUE(std::is_sorted(ids_.begin(), ids_.end()));
}

TEST_P(ImportTest, RetentionGoesByTheTimesOfTheRecordsAndLeavesTheOpenFile) {
  options_.retention.max_age = std::chrono::hours(7 * 24);
  Open();
  MustAppend({"a"});
  Import({"old"}, kLastMonth);
  MustAppend({"b"});
  EXPECT_TRUE((*store_->ApplyRetention()).empty());
  now_ += 61 * kSecond;
  store_->Idle();
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace cistern
