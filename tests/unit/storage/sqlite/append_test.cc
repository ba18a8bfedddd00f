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

class AppendTest : public testing::StoreTest {};

TEST_F(AppendTest, FirstRecordHasIdOneAndIdsGrowByOne) {
  Open();
  const CommitResult one = *Append({"a", "b"}), two = *Append({"c"});
  EXPECT_EQ(ToInt(one.first), 1u);
  EXPECT_EQ(ToInt(one.last), 2u);
  EXPECT_EQ(ToInt(two.first), 3u);
  EXPECT_EQ(two.records, 1u);
  EXPECT_GT(two.stored_bytes, 0u);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3));
}

TEST_F(AppendTest, SeveralBatchesAreOneCommitInOrder) {
  Open();
  RecordBatch one, empty, two;
  testing::AddRecord(one, "a", now_);
  testing::AddRecord(two, "b", now_);
  RecordBatch* const batches[] = {&one, &empty, &two};
  ASSERT_TRUE(store_->Append(batches, {}));
  EXPECT_EQ(ToInt(two.records()[0].id), 2u);
  const auto scan = store_->NewScan({});
  EXPECT_EQ((*scan->Next())->size(), 2u);
}

TEST_F(AppendTest, EmptyCommitReturnsTheCurrentLastId) {
  Open();
  MustAppend({"a"});
  const CommitResult result = *Append({});
  EXPECT_EQ(ToInt(result.last), 1u);
  EXPECT_EQ(result.records, 0u);
  EXPECT_EQ(ToInt(store_->last_id()), 1u);
}

TEST_F(AppendTest, NothingIsOnDiskBeforeTheFirstRecord) {
  Open();
  EXPECT_THAT(LogFiles(), IsEmpty());
  EXPECT_EQ(ToInt(store_->first_id()), 0u);
  EXPECT_EQ(store_->Stats().records, 0u);
  MustAppend({"a"});
  EXPECT_THAT(LogFiles(), ElementsAre("000001-2026-11-20.db"));
}

TEST_F(AppendTest, FilesAndFoldersArePrivate) {
  Open();
  MustAppend({"a"});
  namespace fs = std::filesystem;
  const auto mode = [](const std::string& path) { return fs::status(path).permissions(); };
  EXPECT_EQ(mode(options_.dir), fs::perms(0700));
  EXPECT_EQ(mode(options_.dir + "/catalog.db"), fs::perms(0600));
  EXPECT_EQ(mode(LogPath("000001-2026-11-20.db")), fs::perms(0600));
  EXPECT_EQ(mode(LogPath("000001-2026-11-20.db-wal")), fs::perms(0600));
}

TEST_F(AppendTest, LargeCommitIsReadInBoundedPieces) {
  Open();
  RecordBatch batch;
  for (int i = 0; i < 70'000; ++i) testing::AddRecord(batch, std::to_string(i), now_);
  RecordBatch* const batches[] = {&batch};
  ASSERT_EQ((*store_->Append(batches, {})).records, 70'000u);
  const auto scan = store_->NewScan({});
  std::size_t rows = 0;
  while (const auto piece = std::move(*scan->Next())) {
    EXPECT_LE(piece->size(), 49'152u);
    rows += piece->size();
  }
  EXPECT_EQ(rows, 70'000u);
}

TEST_F(AppendTest, NewFileAtMidnightOfReceivedTime) {
  Open();
  MustAppend({"evening"}, kNoon + 12 * kHour - 1);
  MustAppend({"night"}, kNoon + 12 * kHour);
  MustAppend({"a little earlier, from another thread"}, kNoon + 12 * kHour - 1);
  EXPECT_THAT(LogFiles(), ElementsAre("000001-2026-11-20.db", "000002-2026-11-21.db"));
  EXPECT_EQ(ReadAll().size(), 3u);
}

TEST_F(AppendTest, NewFileWhenTheClockStepsBack) {
  Open();
  MustAppend({"a"}, kNoon);
  MustAppend({"half an hour back stays"}, kNoon - kHour / 2);
  EXPECT_EQ(LogFiles().size(), 1u);
  MustAppend({"two hours back"}, kNoon - 2 * kHour);
  MustAppend({"goes on there"}, kNoon - 2 * kHour + kSecond);
  EXPECT_THAT(LogFiles(), ElementsAre("000001-2026-11-20.db", "000002-2026-11-20.db"));
  EXPECT_EQ(ReadAll().size(), 4u);
}

TEST_F(AppendTest, NewFileWhenTheOldOneIsFull) {
  options_.max_file_bytes = 300'000;
  Open();
  std::mt19937_64 random(1);
  for (int i = 0; i < 12; ++i) {
    std::string noise(60'000, '\0');
    for (char& octet : noise) octet = static_cast<char>(random());
    MustAppend({noise});
  }
  EXPECT_GE(LogFiles().size(), 3u);
  EXPECT_EQ(ReadAll().size(), 12u);
}

TEST_F(AppendTest, ClosedFilesNeedNoSideFiles) {
  Open();
  MustAppend({"a"});
  EXPECT_EQ(ReadAll().size(), 1u);
  MustAppend({"b"}, kNoon + kDay);
  EXPECT_THAT(LogFiles("2026-11-20.db-wal"), IsEmpty());
  EXPECT_THAT(LogFiles("2026-11-20.db-shm"), IsEmpty());
}

TEST_F(AppendTest, SequencesAreKeptWithTheRecordsAndCopiedToTheNextFile) {
  Open();
  ASSERT_TRUE(Append({"a"}, kNoon, {{"client", 7}}));
  EXPECT_EQ(store_->LastSequence("client"), 7u);
  EXPECT_EQ(store_->LastSequence("stranger"), 0u);
  ASSERT_TRUE(Append({"b"}, kNoon + kDay));
  Crash();
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 7u);
}

TEST_F(AppendTest, SequenceWithoutRecordsIsKept) {
  Open();
  ASSERT_TRUE(Append({}, kNoon, {{"client", UINT64_MAX}}));
  Crash();
  Open();
  EXPECT_EQ(store_->LastSequence("client"), UINT64_MAX);
}

TEST_F(AppendTest, ClientsIdleForThirtyDaysAreForgotten) {
  Open();
  ASSERT_TRUE(Append({"a"}, 0, {{"old", 7}}));
  now_ += 20 * kDay;
  ASSERT_TRUE(Append({"b"}, 0, {{"new", 8}}));
  now_ += 11 * kDay;
  store_->Idle();
  EXPECT_EQ(store_->LastSequence("old"), 0u);
  EXPECT_EQ(store_->LastSequence("new"), 8u);
  Crash();
  Open();
  EXPECT_EQ(store_->LastSequence("old"), 0u);
  EXPECT_EQ(store_->LastSequence("new"), 8u);
}

TEST_F(AppendTest, ListenersHearOfEveryCommitUntilRemoved) {
  Open();
  std::vector<std::uint64_t> heard;
  const std::uint64_t token = store_->AddCommitListener([&](RecordId id) { heard.push_back(ToInt(id)); });
  MustAppend({"a", "b"});
  MustAppend({"c"});
  store_->RemoveCommitListener(token);
  MustAppend({"d"});
  EXPECT_THAT(heard, ElementsAre(2, 3));
}

TEST_F(AppendTest, CheckpointsKeepTheWalShort) {
  Open();
  std::mt19937_64 random(1);
  std::string noise(1 << 20, '\0');
  for (int i = 0; i < 24; ++i) {
    for (char& octet : noise) octet = static_cast<char>(random());
    MustAppend({noise});
  }
  // Four MiB between checkpoints, and a sealed tail of eight beside its rows.
  EXPECT_LT(store_->Stats().wal_bytes, 20u << 20);
  EXPECT_GT(store_->Stats().bytes, 24u << 20);
}

TEST_F(AppendTest, StatsDescribeWhatIsStored) {
  Open();
  MustAppend({"a", "b"}, kNoon);
  MustAppend({"c"}, kNoon + kDay);
  const StoreStats stats = store_->Stats();
  EXPECT_EQ(stats.records, 3u);
  EXPECT_EQ(stats.log_files, 2u);
  EXPECT_EQ(ToInt(stats.first_id), 1u);
  EXPECT_EQ(ToInt(stats.last_id), 3u);
  EXPECT_EQ(stats.oldest_received, kNoon);
  EXPECT_EQ(stats.newest_received, kNoon + kDay);
  EXPECT_GT(stats.bytes, 0u);
  EXPECT_GT(stats.total_bytes, stats.free_bytes);
}

TEST_F(AppendTest, CursorsAreKept) {
  Open();
  const std::pair<std::string, RecordId> positions[] = {{"a", RecordId{5}}, {"b", RecordId{9}}};
  ASSERT_TRUE(store_->PutCursors(positions));
  ASSERT_TRUE(store_->DeleteCursor("b"));
  Crash();
  Open();
  EXPECT_EQ(store_->GetCursor("a"), RecordId{5});
  EXPECT_EQ(store_->GetCursor("b"), std::nullopt);
}

}  // namespace
}  // namespace cistern
