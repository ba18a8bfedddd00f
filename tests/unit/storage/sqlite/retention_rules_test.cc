// Retention by filter: what goes, what stays, and that nobody who reads meanwhile misses anything else.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "storage/care/repair.h"
#include "storage/care/restore.h"
#include "storage/filter/filter.h"
#include "storage/query/query.h"
#include "storage/sqlite/sqlite.h"
#include "tests/unit/storage/sqlite/rules_fixture.h"

namespace cistern {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kNoon;

using RetentionRulesTest = testing::RulesTest;
using testing::Rule;

TEST_F(RetentionRulesTest, WhatMatchesGoesAndKeepsTheIdsOfTheRest) {
  OneFile({{"debug 1", "audit 2", "debug 3", "audit 4"}});
  const std::vector<Gap> gaps = Apply({.rules = {Rule("debug", hours(3))}});
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].records, 2u);
  EXPECT_EQ(ToInt(gaps[0].first), 1u);
  EXPECT_EQ(ToInt(gaps[0].last), 4u);
  EXPECT_THAT(ReadAll(), ElementsAre("audit 2", "audit 4", "newest"));
  EXPECT_THAT(ids_, ElementsAre(2, 4, 5));
  EXPECT_THAT(ReadAll({.order = ScanOrder::kNewestFirst}), ElementsAre("newest", "audit 4", "audit 2"));
  EXPECT_EQ(store_->Stats().records, 3u);
  EXPECT_EQ(ToInt(store_->first_id()), 2u);
  EXPECT_EQ(Problems(), "");
}

TEST_F(RetentionRulesTest, OpenFileStaysAsItIs) {
  OneFile({{"audit 1"}});
  MustAppend({"debug 2"});
  Later(100 * kDay);
  EXPECT_THAT(Apply({.rules = {Rule("debug", hours(3))}}), IsEmpty());
  EXPECT_THAT(ReadAll(), ElementsAre("audit 1", "newest", "debug 2"));
}

TEST_F(RetentionRulesTest, FirstRuleThatMatchesDecides) {
  OneFile({{"debug login", "debug trace", "login", "other"}});
  Apply({.rules = {Rule("login", hours(0)), Rule("debug", hours(3))}});
  EXPECT_THAT(ReadAll(), ElementsAre("debug login", "login", "other", "newest"));
}

TEST_F(RetentionRulesTest, RuleKeepsWhatTheGeneralLimitWouldTake) {
  OneFile({{"audit 1", "other 2", "other 3"}});
  const Retention retention{.max_age = hours(3), .rules = {Rule("audit", hours(24 * 365))}};
  EXPECT_EQ(Apply(retention).size(), 1u);
  EXPECT_THAT(ReadAll(), ElementsAre("audit 1", "newest"));
  Later(366 * kDay);
  EXPECT_EQ(Apply(retention).size(), 1u) << "as a whole, once all limits are over";
  EXPECT_THAT(ReadAll(), ElementsAre("newest"));
  EXPECT_EQ(LogFiles().size(), 1u);
}

TEST_F(RetentionRulesTest, EachLimitTakesItsOwnOnce) {
  OneFile({{"debug 1", "info 2", "audit 3"}});
  const Retention retention{.rules = {Rule("debug", hours(3)), Rule("info", hours(48))}};
  Apply(retention);
  EXPECT_THAT(ReadAll(), ElementsAre("info 2", "audit 3", "newest"));
  const int begun = begun_;
  EXPECT_THAT(Apply(), IsEmpty());
  EXPECT_EQ(begun_, begun) << "what was looked at is not looked at again";
  Later(2 * kDay);
  Apply(retention);
  EXPECT_THAT(ReadAll(), ElementsAre("audit 3", "newest"));
  EXPECT_EQ(Problems(), "");
}

TEST_F(RetentionRulesTest, OtherRulesAreAppliedToWhatIsLeft) {
  OneFile({{"debug 1", "info 2", "audit 3"}});
  Apply({.rules = {Rule("debug", hours(3))}});
  Apply({.rules = {Rule("info", hours(3))}});
  EXPECT_THAT(ReadAll(), ElementsAre("audit 3", "newest"));
  Close();
  Open();
  const int begun = begun_;
  Apply({.rules = {Rule("info", hours(3))}});
  EXPECT_EQ(begun_, begun) << "remembered over a restart";
}

TEST_F(RetentionRulesTest, FileOfWhichNothingIsLeftIsDeleted) {
  OneFile({{"debug 1", "debug 2"}});
  EXPECT_EQ(Apply({.rules = {Rule("debug", hours(3))}}).size(), 1u);
  EXPECT_EQ(LogFiles("").size(), 1u + 2u) << "the open one, with its -wal and -shm";
  const auto scan = store_->NewScan({.id_min = 2});
  EXPECT_THAT(Read(*scan), ElementsAre("newest"));
  EXPECT_EQ(scan->TakeGap()->records, 1u);
}

TEST_F(RetentionRulesTest, BlocksShrinkAndQueriesFindExactlyWhatIsLeft) {
  options_.block_records = 4000;
  OneFile({Mixed(12'000, 2), Mixed(8000, 1'000'000, 1'000'001), Mixed(12'000, 3, 2'000'000),
           Mixed(90, 2, 3'000'000)});
  const std::vector<std::string> expected = Without(ReadAll(), "debug");
  const std::uint64_t bytes = std::filesystem::file_size(LogPath(LogFiles().front()));
  Apply({.rules = {Rule("debug", hours(3))}});
  EXPECT_TRUE(ReadAll() == expected);
  EXPECT_LT(std::filesystem::file_size(LogPath(LogFiles().front())), bytes);
  QueryOptions query;
  query.filter = *Filter::Parse("login 2000101");
  std::vector<std::string> found;
  const auto each = [&](BatchView& batch, const std::vector<std::uint32_t>& rows) {
    for (const std::uint32_t row : rows) found.emplace_back(batch.Row(row).message);
    return true;
  };
  ASSERT_TRUE(RunQuery(*store_, query, {}, each));
  EXPECT_THAT(found, ElementsAre(::testing::StartsWith("audit login 2000101 ")));
  EXPECT_EQ(Value(LogPath(LogFiles().front()), "SELECT count(*) FROM block WHERE records < 2000"), 0);
  EXPECT_EQ(Problems(), "");
}

TEST_F(RetentionRulesTest, ScansGoOnInTheNewFile) {
  options_.recent_bytes = 0;
  options_.block_records = 500;
  OneFile({Mixed(900, 3), Mixed(700, 2, 900), Mixed(50, 2, 1600), Mixed(900, 4, 1650)});
  const std::vector<std::string> all = ReadAll();
  for (const ScanOrder order : {ScanOrder::kOldestFirst, ScanOrder::kNewestFirst}) {
    for (const std::size_t after : {1u, 2u, 3u, 4u}) {
      Close();
      std::filesystem::remove_all(options_.dir);
      begun_ = ended_ = 0;
      OneFile({Mixed(900, 3), Mixed(700, 2, 900), Mixed(50, 2, 1600), Mixed(900, 4, 1650)});
      const auto scan = store_->NewScan({.order = order});
      std::vector<std::string> got;
      std::unique_ptr<StoredBatch> held;
      const auto take = [&](StoredBatch& batch) {
        std::vector<std::string> texts;
        for (std::size_t i = 0; i < batch.size(); ++i) texts.emplace_back(batch.Row(i).message);
        if (order == ScanOrder::kNewestFirst) std::reverse(texts.begin(), texts.end());
        got.insert(got.end(), texts.begin(), texts.end());
      };
      for (std::size_t i = 0; i < after; ++i) {
        held = std::move(*scan->Next());
        if (i + 1 < after) take(*held);
      }
      Apply({.rules = {Rule("debug", hours(3))}});
      EXPECT_EQ(LogFiles(".db.old").size(), 1u);
      take(*held);  // its columns are read only now
      EXPECT_FALSE(held->damaged());
      const std::size_t before = got.size();
      held.reset();
      while (auto batch = std::move(*scan->Next())) take(*batch);
      std::vector<std::string> expected = all;
      if (order == ScanOrder::kNewestFirst) std::reverse(expected.begin(), expected.end());
      const auto middle = expected.begin() + static_cast<std::ptrdiff_t>(before);
      std::vector<std::string> rest = Without({middle, expected.end()}, "debug");
      expected.erase(middle, expected.end());
      expected.insert(expected.end(), rest.begin(), rest.end());
      EXPECT_TRUE(got == expected) << "after " << after;
      (void)store_->ApplyRetention();
      EXPECT_THAT(LogFiles(".db.old"), IsEmpty()) << "nobody holds it any more";
    }
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RetentionRulesTest, ReaderIsToldExactlyHowMuchIsGone) {
  options_.recent_bytes = 0;
  options_.block_records = 500;
  OneFile({{"debug a", "debug b"}, Mixed(900, 3, 3), {"debug y", "debug z"}});
  MustAppend({"last"}, kNoon + 2 * kDay);
  Later(kDay);
  const std::vector<std::string> all = ReadAll();
  const std::vector<std::uint64_t> ids = ids_;
  Apply({.rules = {Rule("debug", hours(3))}});
  for (int restarts = 0; restarts < 2; ++restarts) {
    for (const std::size_t from : {1u, 2u, 5u, 450u, 451u, 452u, 902u, 903u, 904u}) {
      const auto scan = store_->NewScan({.id_min = ids[from]});
      std::uint64_t read = 0, gone = 0;
      while (const auto batch = std::move(*scan->Next())) {
        for (std::size_t i = 0; i < batch->size(); ++i) read += ToInt(batch->Row(i).id) >= ids[from];
        if (const auto gap = scan->TakeGap()) gone += gap->records;
      }
      EXPECT_EQ(read + gone, ids.size() - from) << "from " << from;
      const std::vector<std::string> rest(all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
      EXPECT_EQ(read, Without(rest, "debug").size()) << "from " << from;
    }
    Close();
    Open();
  }
  const auto late = store_->NewScan({.id_min = ids[1]});
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 2u);
  Read(*late);
  EXPECT_EQ(late->TakeGap()->records, ids.size() - 2) << "everything but the last: it was there once";
}

TEST_F(RetentionRulesTest, EveryStepSurvivesTheEndOfTheProcess) {
  for (const std::string_view step :
       {"thin.begin", "thin.written", "thin.marked", "thin.linked", "thin.swapped", "thin.done"}) {
    Close();
    std::filesystem::remove_all(options_.dir);
    begun_ = ended_ = 0;
    OneFile({Mixed(100, 3)});
    const std::vector<std::string> all = ReadAll();
    at_ = [&](std::string_view point) {
      if (point == step) CopyTo("copy");
    };
    Apply({.rules = {Rule("debug", hours(3))}});
    at_ = nullptr;
    Close();
    std::filesystem::remove_all(options_.dir);
    std::filesystem::rename(dir_ + "/copy", options_.dir);
    Open();
    const bool kept = step == "thin.begin" || step == "thin.written";
    EXPECT_TRUE(ReadAll() == (kept ? all : Without(all, "debug"))) << step;
    EXPECT_EQ(LogFiles("").size(), 2u + 2u) << step;
    EXPECT_EQ(Apply({.rules = {Rule("debug", hours(3))}}).size(), kept ? 1u : 0u) << step;
    EXPECT_TRUE(ReadAll() == Without(all, "debug")) << step;
    EXPECT_EQ(Problems(), "") << step;
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RetentionRulesTest, DamagedNewFileDoesNotTakeThePlaceOfAWholeOne) {
  OneFile({Mixed(100, 3)});
  const std::vector<std::string> all = ReadAll();
  at_ = [&](std::string_view point) {
    if (point == "thin.marked") CopyTo("copy");
  };
  Apply({.rules = {Rule("debug", hours(3))}});
  at_ = nullptr;
  for (const bool gone : {false, true}) {
    Close();
    std::filesystem::remove_all(options_.dir);
    std::filesystem::copy(dir_ + "/copy", options_.dir, std::filesystem::copy_options::recursive);
    const std::string path = LogPath(LogFiles(".new").front());
    if (gone) {  // the page says that it has no rows
      const std::int64_t page = Value(path, "SELECT rootpage FROM sqlite_schema WHERE name='block'");
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp((page - 1) * 16384 + 3);
      file.write("\0\0", 2);
    } else {
      Database file = *Database::Open(path, Database::Mode::kReadWrite);
      ASSERT_TRUE(file.Run("UPDATE block SET checksum=1 WHERE first_id=(SELECT max(first_id) FROM block)"));
    }
    Open();
    EXPECT_TRUE(ReadAll() == all);
    EXPECT_EQ(Apply({.rules = {Rule("debug", hours(3))}}).size(), 1u);
    EXPECT_TRUE(ReadAll() == Without(all, "debug"));
    EXPECT_EQ(Problems(), "");
  }
}

TEST_F(RetentionRulesTest, LostCatalogKnowsAgainWhatWasTakenOut) {
  OneFile({Mixed(100, 3)});
  Apply({.rules = {Rule("debug", hours(3))}});
  const std::vector<std::string> left = ReadAll();
  Close();
  for (const char* suffix : {"", "-wal"}) std::filesystem::remove(options_.dir + "/catalog.db" + suffix);
  Open();
  EXPECT_TRUE(ReadAll() == left);
  const auto scan = store_->NewScan({.id_min = 2});
  const std::size_t read = Read(*scan).size();
  EXPECT_EQ(read + scan->TakeGap()->records, 100u);
  EXPECT_EQ(Problems(), "");
}

TEST_F(RetentionRulesTest, ThinnedFileIsNotWrittenToWhenItIsTheNewest) {
  OneFile({Mixed(100, 3)});
  Apply({.rules = {Rule("debug", hours(3))}});
  Close();
  std::filesystem::remove(LogPath(LogFiles().back()));
  for (const char* suffix : {"", "-wal"}) std::filesystem::remove(options_.dir + "/catalog.db" + suffix);
  Open();
  MustAppend({"more"});
  EXPECT_EQ(LogFiles().size(), 2u);
  EXPECT_EQ(ReadAll().size(), 67u);
  EXPECT_EQ(Problems(), "");
}

TEST_F(RetentionRulesTest, DamagedFileIsLeftAloneWithOneWarning) {
  options_.block_records = 100;
  OneFile({Mixed(200, 2), Mixed(200, 2, 200)});
  Close();
  const std::string path = LogPath(LogFiles().front());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) * 3 / 4));
  file.write("damage", 6);
  file.close();
  const auto bytes = ReadFile(path);
  Open();
  EXPECT_THAT(Apply({.rules = {Rule("debug", hours(3))}}), IsEmpty());
  EXPECT_TRUE(ReadFile(path) == bytes);
  EXPECT_TRUE(Warned("what retention would take out of it stays"));
  const std::size_t warned = warnings_.size();
  EXPECT_THAT(Apply(), IsEmpty());
  EXPECT_EQ(warnings_.size(), warned);
}

TEST_F(RetentionRulesTest, FullDiskLeavesTheFileAsItIs) {
  ::signal(SIGXFSZ, SIG_IGN);
  OneFile({Mixed(1000, 3)});
  const std::vector<std::string> all = ReadAll();
  rlimit limit{20'000, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_THAT(Apply({.rules = {Rule("debug", hours(3))}}), IsEmpty());
  EXPECT_TRUE(ReadAll() == all);
  EXPECT_THAT(LogFiles(".new"), IsEmpty());
  limit.rlim_cur = RLIM_INFINITY;
  ::setrlimit(RLIMIT_FSIZE, &limit);
  Close();
  Open();
  EXPECT_EQ(Apply({.rules = {Rule("debug", hours(3))}}).size(), 1u);
  EXPECT_TRUE(ReadAll() == Without(all, "debug"));
}

TEST_F(RetentionRulesTest, WhatIsDoneForOtherRulesIsNotUsed) {
  OneFile({{"debug 1", "info 2", "audit 3"}});
  store_->SetRetention({.rules = {Rule("debug", hours(3))}});
  (void)store_->ApplyRetention();
  WaitForWorker();
  EXPECT_EQ(Apply({.rules = {Rule("info", hours(3))}}).size(), 1u);
  EXPECT_THAT(ReadAll(), ElementsAre("debug 1", "audit 3", "newest"));
}

TEST_F(RetentionRulesTest, StopDoesNotWaitForTheRest) {
  options_.block_records = 100;
  OneFile({Mixed(3000, 2)});
  store_->SetRetention({.rules = {Rule("debug", hours(3))}});
  (void)store_->ApplyRetention();
  Close();
  EXPECT_THAT(LogFiles(".new"), IsEmpty());
  Open();
  EXPECT_EQ(ReadAll().size() % 1500, 1u) << "all or half, and the newest one";
}

TEST_F(RetentionRulesTest, RepairKeepsTheRunsThatWere) {
  options_.block_records = 100;
  OneFile({Mixed(400, 3)});
  Apply({.rules = {Rule("debug", hours(3))}});
  Close();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(LogPath(LogFiles().front()).c_str(), &database), SQLITE_OK);
  sqlite3_exec(database, "UPDATE block SET index_checksum = 1", nullptr, nullptr, nullptr);
  sqlite3_close(database);
  EXPECT_FALSE(CheckDir().empty());
  ASSERT_TRUE(RepairStore(options_.dir, {}, [](const Finding&) {}));
  EXPECT_EQ(CareTest::Texts(CheckDir()), "");
  Open();
  const auto scan = store_->NewScan({.id_min = 2});
  EXPECT_EQ(Read(*scan).size() + scan->TakeGap()->records, 400u);
}

TEST_F(RetentionRulesTest, BackupMadeMeanwhileIsWhole) {
  OneFile({Mixed(400, 3)});
  bool swapped = false;
  const std::string archive = MakeBackup([&] {
    if (!std::exchange(swapped, true)) Apply({.rules = {Rule("debug", hours(3))}});
  });
  const std::vector<std::string> left = ReadAll();
  Restored restored;
  const auto done = RestoreBackup(archive, dir_ + "/restored", {}, restored);
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_THAT(restored.notes, IsEmpty());
  Close();
  options_.dir = dir_ + "/restored";
  Open();
  EXPECT_TRUE(ReadAll() == left);
  EXPECT_EQ(Problems(), "");
}

}  // namespace
}  // namespace cistern
