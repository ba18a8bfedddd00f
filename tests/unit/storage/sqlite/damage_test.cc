#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "storage/sqlite/sqlite.h"
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
  // Changes octets in the head of the first page of a table.
  static void SpoilRootPage(const std::string& path, const std::string& table, int at,
                            const std::string& octets) {
    const std::int64_t page = Value(path, "SELECT rootpage FROM sqlite_schema WHERE name='" + table + "'");
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * 16384 + at);
    file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }
  // Changes octets of a stored blob without SQLite noticing anything.
  static void SpoilBlob(const std::string& path, int first_id, const std::string& octets = "spoilt",
                        int at = 30) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    sqlite3_blob* blob = nullptr;
    ASSERT_EQ(sqlite3_blob_open(database, "main", "tail", "blob", first_id, 1, &blob), SQLITE_OK);
    ASSERT_EQ(sqlite3_blob_write(blob, octets.data(), static_cast<int>(octets.size()), at), SQLITE_OK);
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

TEST_F(DamageTest, LastBatchWhoseVersionIsSpoiltIsNoNewerReleases) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"});
  store_.reset();
  SpoilBlob(LogPath(LogFiles().front()), 2, "\x82", 4);
  Open();
  EXPECT_TRUE(Warned("is damaged"));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(DamageTest, RowThatClaimsTheIdsOfAnotherHidesNoOther) {
  Open();
  for (const char* text : {"a", "b"}) MustAppend({text});
  for (const char* text : {"c", "d", "e"}) MustAppend({text}, kNoon + kDay);
  store_.reset();
  Database file = *Database::Open(LogPath("000002-2026-11-21.db"), Database::Mode::kReadWrite);
  ASSERT_TRUE(file.Run("UPDATE tail SET first_id=1 WHERE first_id=4"));
  file = {};
  Open();
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("e", "c", "b", "a"));
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c", "e"));
  EXPECT_TRUE(Warned("a part of log file 000002-2026-11-21.db is damaged"));
}

TEST_F(DamageTest, LossOfTheLastRowIsToldAtTheStart) {
  options_.block_records = 2;
  Open();
  MustAppend({"a", "b"});
  MustAppend({"c", "d"});
  store_.reset();
  Database file = *Database::Open(LogPath(LogFiles().front()), Database::Mode::kReadWrite);
  ASSERT_TRUE(file.Run("UPDATE block SET checksum=1 WHERE first_id=3"));
  file = {};
  Open();
  EXPECT_TRUE(Warned("is damaged"));
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  MustAppend({"e"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "e"));
}

TEST_F(DamageTest, RowsThatVanishAreTold) {
  Open();
  ASSERT_TRUE(Append({"a"}, kNoon, {{"client", 5}}));
  MustAppend({"b"});
  store_.reset();
  CopyTo("whole");
  for (const std::string table : {"clients", "tail"}) {
    std::filesystem::remove_all(options_.dir);
    std::filesystem::copy(dir_ + "/whole", options_.dir, std::filesystem::copy_options::recursive);
    const std::string path = LogPath(LogFiles().front());
    SpoilRootPage(path, table, 3, std::string(2, '\0'));  // no rows, and nothing else to show for it
    warnings_.clear();
    Open();
    EXPECT_TRUE(Warned("000001-2026-11-20.db is damaged")) << table;
    store_.reset();
  }
}

TEST_F(DamageTest, NothingIsWrittenIntoADamagedPage) {
  Open();
  for (const char* text : {"a", "b", "c"}) MustAppend({text});
  store_.reset();
  SpoilRootPage(LogPath(LogFiles().front()), "tail", 5, "\x3f\xff");  // where the first row begins
  Open();
  EXPECT_TRUE(Warned("000001-2026-11-20.db is damaged"));
  MustAppend({"d"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c", "d"));
}

// A name of a column: what was written by its place could not be read by that name.
TEST_F(DamageTest, NothingIsWrittenWhereATableIsNotWhatItShouldBe) {
  Open();
  MustAppend({"a", "b"});
  store_.reset();
  const std::string path = LogPath(LogFiles().front());
  std::stringstream octets;
  octets << std::ifstream(path, std::ios::binary).rdbuf();
  const std::size_t at = octets.str().find("CREATE TABLE data(ordinal INTEGER PRIMARY KEY, blob");
  ASSERT_NE(at, std::string::npos);
  Scribble(path, static_cast<std::streamoff>(octets.str().find("blob", at)), 1);
  Open();
  EXPECT_TRUE(Warned("000001-2026-11-20.db is damaged"));
  MustAppend({"c"}, kNoon + kDay);  // or the file before it would be sealed
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
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

TEST_F(DamageTest, DamagedRowOfTheCatalogIsNotBelieved) {
  Open();
  const std::pair<std::string, RecordId> positions[] = {{"a", RecordId{1}}, {"b", RecordId{2}}};
  MustAppend({"a", "b"});
  ASSERT_TRUE(store_->PutCursors(positions));
  store_.reset();
  Database catalog = *Database::Open(options_.dir + "/catalog.db", Database::Mode::kReadWrite);
  ASSERT_TRUE(
      catalog.Run("UPDATE cursors SET record_id=9 WHERE name='a'; UPDATE meta SET value=3 WHERE "
                  "key='reserved_id'; UPDATE files SET name='000001-2026-11-20.dc'"));
  catalog = {};
  Open();
  EXPECT_TRUE(Warned("the position of a cursor"));
  EXPECT_EQ(store_->GetCursor("a"), std::nullopt);
  EXPECT_EQ(store_->GetCursor("b"), RecordId{2});
  MustAppend({"c"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
  EXPECT_GT(ids_.back(), 1u << 20) << "nobody knows what was reserved";
}

// One bit of a row's head makes a blob of a text: the same octets, which no text equals.
TEST_F(DamageTest, NamesThatAreNoTextsAnyMoreAreNotBelieved) {
  Open();
  const std::pair<std::string, RecordId> positions[] = {{"a", RecordId{1}}};
  ASSERT_TRUE(Append({"a"}, kNoon, {{"client", 5}}));
  ASSERT_TRUE(store_->PutCursors(positions));
  store_.reset();
  for (const auto& [file, change] :
       {std::pair<std::string, const char*>{options_.dir + "/catalog.db",
                                            "UPDATE cursors SET name=CAST(name AS BLOB)"},
        {LogPath("000001-2026-11-20.db"), "UPDATE clients SET client_id=CAST(client_id AS BLOB)"}})
    ASSERT_TRUE((*Database::Open(file, Database::Mode::kReadWrite)).Run(change));
  Open();
  EXPECT_TRUE(Warned("the position of a cursor"));
  EXPECT_TRUE(Warned("000001-2026-11-20.db"));
  EXPECT_EQ(store_->LastSequence("client"), 0u);
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(DamageTest, WhatIsSoundInADamagedCatalogIsTakenOver) {
  Open();
  const std::pair<std::string, RecordId> positions[] = {{"a", RecordId{1}}};
  MustAppend({"a"});
  ASSERT_TRUE(store_->PutCursors(positions));
  const std::string id = store_->store_id();
  store_.reset();
  Scribble(options_.dir + "/catalog.db", 4096 + 5, 2);  // where the free space of a page ends
  Open();
  EXPECT_TRUE(Warned("catalog.db is damaged"));
  EXPECT_EQ(store_->store_id(), id);
  EXPECT_EQ(store_->GetCursor("a"), RecordId{1});
  MustAppend({"b"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(DamageTest, DamagedIndexOrWordsLoseNothing) {
  options_.block_records = 4;
  Open();
  MustAppend({"one 1", "two 2", "three 3"});
  MustAppend({"four 4", "five 5", "six 6"});
  const std::string path = LogPath(LogFiles().front());
  MustAppend({"next day"}, kNoon + kDay);
  store_.reset();
  Database file = *Database::Open(path, Database::Mode::kReadWrite);
  ASSERT_TRUE(
      file.Run("UPDATE block SET \"index\"=zeroblob(length(\"index\")) WHERE ordinal=1;"
               "UPDATE words SET blob=zeroblob(length(blob)) WHERE id/16=2"));
  file = {};
  Open();
  const auto scan = store_->NewScan({});
  const auto first = std::move(*scan->Next()), second = std::move(*scan->Next());
  EXPECT_EQ(first->index(), nullptr);
  ASSERT_NE(second->index(), nullptr);
  for (const char* word : {"4", "5", "77"}) EXPECT_TRUE(second->index()->MayHoldWord(word)) << word;
  EXPECT_TRUE(Warned("read without it"));
  EXPECT_THAT(ReadAll(), ElementsAre("one 1", "two 2", "three 3", "four 4", "five 5", "six 6", "next day"));
  EXPECT_EQ(store_->Stats().quarantined_batches, 0u);
}

TEST_F(DamageTest, WordsThatWereDeniedAreNotReadAgain) {
  options_.block_records = 4;
  Open();
  MustAppend({"one 1", "two 2", "three 3"});
  MustAppend({"four 4", "five 5", "six 6"});
  const auto first_may_hold = [&](const char* word) {
    const auto block = std::move(*store_->NewScan({})->Next());
    return block->index()->MayHoldWord(word);
  };
  EXPECT_TRUE(first_may_hold("1"));
  EXPECT_FALSE(first_may_hold("4"));
  Database file = *Database::Open(LogPath(LogFiles().front()), Database::Mode::kReadWrite);
  ASSERT_TRUE(file.Run("UPDATE words SET blob=zeroblob(length(blob))"));
  file = {};
  EXPECT_FALSE(first_may_hold("4"));
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_TRUE(first_may_hold("1"));
  EXPECT_TRUE(Warned("read without it"));
  EXPECT_TRUE(first_may_hold("5"));
}

TEST_F(DamageTest, DamagedBlockIsLeftOutAndItsNeighboursAreServed) {
  options_.block_records = 4;
  Open();
  for (int i = 0; i < 5; ++i) MustAppend({"a" + std::to_string(i), "b", "c"});
  MustAppend({"next day"}, kNoon + kDay);
  store_.reset();
  const std::string path = LogPath(LogFiles().front());
  Database file = *Database::Open(path, Database::Mode::kReadWrite);
  ASSERT_TRUE(
      file.Run("DELETE FROM data WHERE ordinal=2; UPDATE block SET records=2 WHERE ordinal=4;"
               "DELETE FROM block WHERE ordinal=5"));
  file = {};
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a0", "b", "c", "a2", "b", "c", "next day"));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}),
              ElementsAre("next day", "c", "b", "a2", "c", "b", "a0"));
  EXPECT_EQ(store_->Stats().quarantined_batches, 3u);
  EXPECT_THAT(warnings_, SizeIs(3));
}

}  // namespace
}  // namespace cistern
