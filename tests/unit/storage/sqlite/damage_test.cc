#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kNoon;
using ::testing::SizeIs;

class DamageTest : public testing::StoreTest {
 protected:
  DamageTest() { options_.recent_bytes = 0; }
  static void Scribble(const std::string& path, std::streamoff at, std::size_t count) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << std::string(count, '\x5a');
  }
  // Changes octets of a stored blob without SQLite noticing anything.
  static void SpoilBlob(const std::string& path, int first_id) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    sqlite3_blob* blob = nullptr;
    ASSERT_EQ(sqlite3_blob_open(database, "main", "tail", "blob", first_id, 1, &blob), SQLITE_OK);
    ASSERT_EQ(sqlite3_blob_write(blob, "spoilt", 6, 30), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(database);
  }
};

TEST_F(DamageTest, SpoiltBatchIsLeftOutAndCountedOnce) {
  Open();
  for (const char* text : {"a", "b", "c"}) MustAppend({text});
  store_.reset();
  SpoilBlob(LogPath(LogFiles().front()), 2);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a", "c"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("c", "a"));
  EXPECT_EQ(store_->Stats().quarantined_batches, 1u);
  EXPECT_THAT(warnings_, SizeIs(1));
}

TEST_F(DamageTest, FileWhoseLastBatchIsSpoiltGetsNothingMoreAndTheRestIsServed) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"});
  store_.reset();
  SpoilBlob(LogPath(LogFiles().front()), 2);
  Open();
  EXPECT_TRUE(Warned("is damaged"));
  MustAppend({"c"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "c"));
  EXPECT_GT(ids_.back(), 2u);
  EXPECT_EQ(LogFiles().size(), 2u);
  EXPECT_EQ(store_->Stats().quarantined_batches, 1u);
  warnings_.clear();
  Open();
  EXPECT_THAT(warnings_, IsEmpty()) << "once is enough, until it is read again";
}

TEST_F(DamageTest, FileThatIsNoDatabaseIsSetAsideAndANewOneBegun) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  store_.reset();
  Scribble(LogPath("000002-2026-11-21.db"), 0, 4096);
  Open();
  EXPECT_THAT(LogFiles(".damaged"), ElementsAre("000002-2026-11-21.db.damaged"));
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "c"));
  EXPECT_THAT(LogFiles(), ElementsAre("000001-2026-11-20.db", "000003-2026-11-21.db"));
  warnings_.clear();
  Open();
  EXPECT_THAT(warnings_, IsEmpty()) << "once is enough";
}

TEST_F(DamageTest, SequencesOfTheFileBeforeAreBetterThanNone) {
  Open();
  ASSERT_TRUE(Append({"a"}, kNoon, {{"client", 5}}));
  ASSERT_TRUE(Append({"b"}, kNoon + kDay, {{"client", 9}}));
  store_.reset();
  Scribble(LogPath("000002-2026-11-21.db"), 0, 4096);
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 5u);
}

TEST_F(DamageTest, TruncatedFileAfterACrashIsSetAside) {
  Open();
  for (int i = 0; i < 50; ++i)
    MustAppend({std::string(20'000, static_cast<char>('a' + i % 26)) + std::to_string(i)});
  store_.reset();
  Open();
  MustAppend({"x"});
  Crash();
  std::filesystem::remove(LogPath(LogFiles().front()) + "-wal");
  std::filesystem::resize_file(LogPath(LogFiles().front()), 3 * 16384 + 100);
  Open();
  EXPECT_TRUE(Warned("is damaged"));
  MustAppend({"y"});
  EXPECT_THAT(ReadAll(), ElementsAre("y"));
}

TEST_F(DamageTest, ClosedFileDeletedByHandIsReportedAndSkipped) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  MustAppend({"c"}, kNoon + 2 * kDay);
  std::filesystem::remove(LogPath("000002-2026-11-21.db"));
  EXPECT_THAT(ReadAll(), ElementsAre("a", "c"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("c", "a"));
  EXPECT_TRUE(Warned("000002-2026-11-21.db cannot be read"));
  Open();
  EXPECT_TRUE(Warned("is missing"));
  const auto scan = store_->NewScan({.id_min = 2});
  EXPECT_THAT(Read(*scan), ElementsAre("c"));
  EXPECT_EQ(scan->TakeGap()->records, 1u);
}

TEST_F(DamageTest, ClosedFileTruncatedUnderUsIsReportedAndSkipped) {
  Open();
  MustAppend({std::string(100'000, 'a')});
  MustAppend({"b"}, kNoon + kDay);
  std::filesystem::resize_file(LogPath("000001-2026-11-20.db"), 100);
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
  EXPECT_TRUE(Warned("000001-2026-11-20.db cannot be read"));
}

TEST_F(DamageTest, OpenFileDeletedByHandIsNoticedAndANewOneBegun) {
  Open();
  MustAppend({"a"});
  std::filesystem::remove(LogPath(LogFiles().front()));
  // The store looks ten times a second; until then commits go where nobody sees them.
  for (int i = 0; i < 200 && LogFiles().empty(); ++i) {
    MustAppend({"b"});
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(Warned("deleted by somebody else"));
  MustAppend({"c"});
  EXPECT_EQ(ReadAll().back(), "c");
}

TEST_F(DamageTest, OpenFileThatAReaderFoundDamagedGetsNothingMore) {
  Open();
  for (const char* text : {"a", "b", "c"}) MustAppend({text});
  SpoilBlob(LogPath(LogFiles().front()), 2);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "c"));
  for (int i = 0; i < 200 && LogFiles().size() < 2; ++i) {  // the writer looks ten times a second
    MustAppend({"d"});
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(Warned("new records go to a new one"));
  const auto texts = ReadAll();
  EXPECT_THAT(texts.front(), "a");
  EXPECT_THAT(texts.back(), "d");
}

TEST_F(DamageTest, DamagedCatalogIsRebuiltFromTheLogFiles) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  const std::string id = store_->store_id();
  store_.reset();
  Scribble(options_.dir + "/catalog.db", 0, 4096);
  Open();
  EXPECT_TRUE(Warned("catalog.db is damaged"));
  EXPECT_NE(store_->store_id(), id) << "resume tokens must not be trusted";
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace cistern
