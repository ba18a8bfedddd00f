#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "storage/sqlite/sqlite.h"
#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::kNoon;

class LifecycleTest : public testing::StoreTest {
 protected:
  static void Execute(const std::string& path, const std::string& sql) {
    Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
    ASSERT_TRUE(database);
    database->AddRowChecksum();
    EXPECT_TRUE(database->Run(sql.c_str()));
  }
};

TEST_F(LifecycleTest, SecondProcessIsRefusedAndTheFirstIsNamed) {
  Open();
  const auto second = TryOpen();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error(), make_error_code(StoreErrc::kLocked));
  EXPECT_TRUE(Warned("process " + std::to_string(::getpid())));
}

TEST_F(LifecycleTest, OrderlyRestartContinuesTheIds) {
  Open();
  MustAppend({"a", "b"});
  const std::string id = store_->store_id();
  Open();
  EXPECT_EQ(store_->store_id(), id);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(ToInt(store_->last_id()), 2u);
  MustAppend({"c"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3));
}

TEST_F(LifecycleTest, CrashSkipsEveryIdThatMayHaveBeenSeen) {
  Open();
  MustAppend({"a", "b"});
  Crash();
  Open();
  EXPECT_EQ(ToInt(store_->last_id()), 2u);
  MustAppend({"c"});
  (void)ReadAll();
  EXPECT_THAT(ids_, ElementsAre(1, 2, (1 << 20) + 2 + 1));
}

TEST_F(LifecycleTest, IdsOfALostFileAreNotUsedAgain) {
  Open();
  MustAppend({"a", "b"});
  store_.reset();
  std::filesystem::remove(LogPath(LogFiles().front()));
  Open();
  MustAppend({"c"});
  EXPECT_THAT(ReadAll(), ElementsAre("c"));
  EXPECT_GT(ids_.front(), 2u);
}

TEST_F(LifecycleTest, EmptyStoreOpensAgain) {
  Open();
  const std::string id = store_->store_id();
  Open();
  EXPECT_EQ(store_->store_id(), id);
  MustAppend({"a"});
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(LifecycleTest, NewerReleaseIsRefused) {
  Open();
  MustAppend({"a"});
  store_.reset();
  Execute(options_.dir + "/catalog.db", "PRAGMA user_version=3");
  Open();  // a damaged octet, nothing else
  store_.reset();
  Execute(options_.dir + "/catalog.db", "DROP VIEW cistern_catalog_2");
  EXPECT_EQ(TryOpen().error(), make_error_code(StoreErrc::kTooNew));
  Execute(options_.dir + "/catalog.db", "PRAGMA user_version=2");
  Execute(LogPath(LogFiles().front()), "PRAGMA user_version=3; DROP VIEW cistern_log_2");
  EXPECT_EQ(TryOpen().error(), make_error_code(StoreErrc::kTooNew));
  Execute(LogPath(LogFiles().front()), "PRAGMA user_version=2");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(LifecycleTest, IdsNearTheEndAreRefusedNotWrapped) {
  Open();
  MustAppend({"a"});
  store_.reset();
  Execute(options_.dir + "/catalog.db",
          "UPDATE meta SET value=9223372036854775000, checksum=row_checksum(5, key, 9223372036854775000) "
          "WHERE key='reserved_id'");
  Open();
  EXPECT_EQ(Append({"b"}).error(), make_error_code(StoreErrc::kCorrupt));
  EXPECT_TRUE(Warned("ids are used up"));
}

TEST_F(LifecycleTest, FolderThatCannotBeMadeIsNamedAsSuch) {
  std::ofstream(dir_ + "/data") << "a file";
  EXPECT_EQ(TryOpen().error(), make_error_code(StoreErrc::kNoAccess));
}

TEST_F(LifecycleTest, CrashWhileAFileWasBeingMadeLeavesNoTrace) {
  Open();
  MustAppend({"a"});
  Crash();
  std::ofstream(LogPath("000002-2026-11-20.db")).flush();
  Open();
  EXPECT_FALSE(Warned("damaged"));
  MustAppend({"b"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  EXPECT_THAT(LogFiles(), ElementsAre("000001-2026-11-20.db", "000003-2026-11-21.db"));
}

TEST_F(LifecycleTest, CrashBetweenFileAndCatalogLosesNothing) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  Crash();
  Execute(options_.dir + "/catalog.db", "DELETE FROM files");
  Open();
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
}

TEST_F(LifecycleTest, HalfDoneDeletionIsFinished) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  Crash();
  Execute(
      options_.dir + "/catalog.db",

      "UPDATE files SET state='deleting' WHERE number=1; "
      "UPDATE files SET checksum=row_checksum(6, number, name, state, first_id, last_id, records, "
      "min_received, "
      "max_received, min_time, max_time, bytes); INSERT INTO gone VALUES(1, 1, 1, row_checksum(7, 1, 1, 1))");
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("b"));
  EXPECT_EQ(LogFiles().size(), 1u);
  const auto scan = store_->NewScan({.id_min = 1});
  EXPECT_FALSE(Warned("missing"));
}

TEST_F(LifecycleTest, AfterAnErrorNothingIsTakenUntilReopenedAndTheFailedCommitIsGone) {
  options_.recent_bytes = 0;
  // A row that will be in the way, from another store in which there were two commits.
  Open();
  MustAppend({"a"});
  MustAppend({"b"});
  store_.reset();
  std::filesystem::rename(options_.dir, dir_ + "/other");
  const std::string other = dir_ + "/other/logs/000001-2026-11-20.db";
  Open();
  ASSERT_TRUE(Append({"a"}, 0, {{"client", 1}}));
  // It lies where the next commit goes, as one would leave it whose sync failed.
  Execute(LogPath(LogFiles().front()),
          "ATTACH '" + other +
              "' AS other; INSERT INTO tail SELECT * FROM other.tail WHERE first_id=2; "
              "UPDATE clients SET sequence=2");
  const auto error = make_error_code(StoreErrc::kIoError);
  EXPECT_EQ(Append({"b"}, 0, {{"client", 3}}).error(), error);
  EXPECT_EQ(Append({"b"}).error(), error);
  EXPECT_EQ(store_->CheckWritable().error(), error);
  EXPECT_EQ(store_->LastSequence("client"), 1u);
  ASSERT_TRUE(store_->Reopen());
  EXPECT_TRUE(store_->CheckWritable());
  MustAppend({"b"});
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  EXPECT_GT(ids_.back(), 2u);
  Crash();
  Open();
  EXPECT_EQ(store_->LastSequence("client"), 1u);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(LifecycleTest, WaitingReaderIsWokenByACommitAndByHand) {
  Open();
  MustAppend({"a"});
  EXPECT_EQ(ToInt(store_->WaitForCommit(RecordId{0}, std::chrono::hours(1))), 1u);
  EXPECT_EQ(ToInt(store_->WaitForCommit(RecordId{1}, std::chrono::milliseconds(0))), 1u);
}

}  // namespace
}  // namespace cistern
