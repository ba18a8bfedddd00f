// Tails become blocks: at once, in the background, when a file is closed.
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::kHour;
using testing::kNoon;
using testing::kSecond;

// Every test runs with all batches in memory, with none, and with the last few.
class SealingTest : public testing::StoreTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  SealingTest() {
    options_.recent_bytes = GetParam();
    options_.block_records = 40;
  }
  static std::vector<std::string> Numbered(int from, int to) {
    std::vector<std::string> texts;
    for (int i = from; i < to; ++i) texts.push_back("record number " + std::to_string(i));
    return texts;
  }
  void ExpectAll() {
    EXPECT_EQ(ReadAll(), Numbered(0, numbered_));
    EXPECT_TRUE(std::is_sorted(ids_.begin(), ids_.end()));
    std::vector<std::string> backwards = ReadAll({.order = ScanOrder::kNewestFirst});
    std::reverse(backwards.begin(), backwards.end());
    EXPECT_EQ(backwards, Numbered(0, numbered_));
  }
  // No id range of a row reaches into that of another.
  void ExpectApart() {
    const std::string path = LogPath(LogFiles().back());
    const std::string rows =
        "(SELECT first_id, last_id FROM tail UNION ALL SELECT first_id, last_id FROM tail_b UNION ALL "
        "SELECT first_id, last_id FROM block)";
    EXPECT_EQ(Value(path, "SELECT count(*) FROM " + rows + " a, " + rows +
                              " b WHERE a.first_id < b.first_id AND a.last_id >= b.first_id"),
              0);
    EXPECT_EQ(Value(path, "SELECT (SELECT count(*) FROM data) - (SELECT count(*) FROM block)"), 0);
    EXPECT_EQ(Value(path, "SELECT (SELECT count(*) FROM words) - 16 * (SELECT count(*) FROM block)"), 0);
  }
};

INSTANTIATE_TEST_SUITE_P(RecentBytes, SealingTest, ::testing::Values(0, 3000, 16 << 20),
                         [](const auto& info) { return "Recent" + std::to_string(info.param); });

TEST_P(SealingTest, LargeCommitBecomesBlocksAtOnce) {
  Open();
  MustAppendNumbered(1, 20);
  EXPECT_EQ(Rows("block"), 1);
  MustAppendNumbered(1, 90);
  EXPECT_EQ(Rows("block"), 3) << "two of 45";
  EXPECT_EQ(Rows("tail") + Rows("tail_b"), 0);
  ExpectAll();
  ExpectApart();
  const auto batch = std::move(*store_->NewScan({})->Next());
  ASSERT_NE(batch->index(), nullptr);
  EXPECT_EQ(batch->index()->records(), 20u);
  EXPECT_TRUE(batch->index()->MayHoldWord("7"));
}

TEST_P(SealingTest, TailIsSealedInTheBackgroundOnceItIsLarge) {
  Open();
  MustAppendNumbered(7, 6);
  IdleUntil([&] { return Rows("block") == 1; });
  EXPECT_EQ(Rows("tail") + Rows("tail_b"), 0);
  EXPECT_EQ(Value(LogPath(LogFiles().back()), "SELECT records FROM block"), 42);
  ExpectAll();
  MustAppendNumbered(3, 6);
  EXPECT_EQ(Rows("tail_b"), 3) << "the other tail is in use now";
  ExpectAll();
  ExpectApart();
  Crash();
  Open();
  ExpectAll();
  EXPECT_EQ(store_->Stats().records, 60u);
}

// What is still in memory is not read again.
TEST_P(SealingTest, RowSpoiltOnTheDiskMattersOnlyWhereItMustBeRead) {
  Open();
  MustAppendNumbered(5, 7);
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(LogPath(LogFiles().back()).c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "UPDATE tail SET blob = zeroblob(100) WHERE first_id = 8", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  MustAppendNumbered(1, 7);
  if (GetParam() == 0) {
    store_.reset();
    EXPECT_EQ(Rows("block"), 0) << "the tail stays as it is";
  } else if (GetParam() > 100'000) {
    IdleUntil([&] { return Rows("block") == 1; });
    ExpectAll();
  }
}

TEST_P(SealingTest, LargeRowsAreCompressedAndSmallOnesAreNot) {
  options_.block_records = 20'000;
  Open();
  MustAppendNumbered(1, 4'000);
  const std::string path = LogPath(LogFiles().back());
  EXPECT_GT(Value(path, "SELECT length(blob) FROM tail"), 4'000 * 18) << "whole texts";
  const std::string text(300, 'x');
  std::vector<std::string> large(5'000, text);
  MustAppend(large);
  EXPECT_LT(Value(path, "SELECT length(blob) FROM tail ORDER BY first_id DESC"), 5'000 * 20);
}

TEST_P(SealingTest, SealedTailIsWrittenAlongWithTheNextCommit) {
  std::mutex mutex;
  std::condition_variable encoded;
  bool done = false;
  options_.at_point = [&](std::string_view point) {
    const std::lock_guard lock(mutex);
    if (point == "seal.encoded") done = true;
    encoded.notify_all();
  };
  Open();
  MustAppendNumbered(7, 6);
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(encoded.wait_for(lock, std::chrono::seconds(60), [&] { return done; }));
  }
  for (int i = 0; i < 10'000 && Rows("block") == 0; ++i) MustAppendNumbered(1, 1);
  EXPECT_EQ(Rows("block"), 1);
  EXPECT_EQ(Rows("tail"), 0);
  ExpectAll();
  ExpectApart();
}

TEST_P(SealingTest, ManySmallCommitsBecomeFewRowsAndAtLastOneBlock) {
  options_.block_records = 600;
  Open();
  MustAppendNumbered(256, 1);
  IdleUntil([&] { return Rows("tail") == 0; });
  EXPECT_EQ(Rows("tail_b"), 1);
  EXPECT_EQ(Rows("block"), 0);
  ExpectAll();
  MustAppendNumbered(255, 1);
  IdleUntil([&] { return Rows("tail_b") == 0; });
  EXPECT_EQ(Rows("tail"), 1);
  ExpectAll();
  MustAppendNumbered(200, 1);
  IdleUntil([&] { return Rows("block") == 1; });
  ExpectAll();
  ExpectApart();
}

TEST_P(SealingTest, LargeCommitBehindAFewWaitingRecordsIsSealedWithThem) {
  Open();
  MustAppendNumbered(1, 3);
  MustAppendNumbered(1, 97);
  EXPECT_EQ(Rows("block"), 0);
  IdleUntil([&] { return Rows("block") == 3; });
  EXPECT_EQ(Value(LogPath(LogFiles().back()), "SELECT min(records) FROM block"), 32) << "of 100, cut evenly";
  ExpectAll();
  ExpectApart();
}

TEST_P(SealingTest, BlockNeverEnclosesIdsOfAnother) {
  options_.block_records = 40;
  Open();
  std::mt19937_64 random(3);
  for (int i = 0; i < 150; ++i) {
    const int records =
        random() % 4 == 0 ? 20 + static_cast<int>(random() % 90) : 1 + static_cast<int>(random() % 12);
    MustAppendNumbered(1, records);
    if (random() % 3 == 0) store_->Idle();
    if (random() % 40 == 0) {
      Crash();
      Open();
    }
    if (i % 30 == 0) ExpectApart();
  }
  ExpectAll();
  ExpectApart();
  EXPECT_EQ(store_->Stats().quarantined_batches, 0u);
}

TEST_P(SealingTest, ScansUnderWayMeetEveryRecordOnce) {
  Open();
  MustAppendNumbered(1, 50);
  MustAppendNumbered(6, 6);
  const auto up = store_->NewScan({}), down = store_->NewScan({.order = ScanOrder::kNewestFirst});
  std::vector<std::string> ups, downs;
  std::vector<std::uint64_t> up_ids, down_ids;
  const auto take = [](Scan& scan, std::vector<std::string>& texts, std::vector<std::uint64_t>& ids) {
    const auto batch = std::move(*scan.Next());
    if (!batch) return false;
    for (std::size_t i = 0; i < batch->size(); ++i) {
      texts.push_back(std::string(batch->Strings(Column::kMessage)[i]));
      ids.push_back(static_cast<std::uint64_t>(batch->Ints(Column::kId)[i]));
      EXPECT_EQ(batch->Row(i).message, texts.back());
    }
    return true;
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(take(*up, ups, up_ids));
    ASSERT_TRUE(take(*down, downs, down_ids));
  }
  MustAppendNumbered(1, 6);
  IdleUntil([&] { return Rows("block") == 2; });
  while (take(*up, ups, up_ids)) {
  }
  while (take(*down, downs, down_ids)) {
  }
  EXPECT_EQ(ups, Numbered(0, 92));
  std::sort(down_ids.begin(), down_ids.end());
  EXPECT_EQ(std::adjacent_find(down_ids.begin(), down_ids.end()), down_ids.end());
  EXPECT_EQ(down_ids.size(), 86u) << "what came after the scan began is not in it";
}

TEST_P(SealingTest, FollowerWaitsThroughSealing) {
  Open();
  const auto scan = store_->NewScan({});
  std::vector<std::string> seen;
  for (int i = 0; i < 60; ++i) {
    MustAppendNumbered(1, 1 + i % 9);
    if (i % 2 == 0) store_->Idle();
    for (std::string& text : Read(*scan)) seen.push_back(std::move(text));
  }
  EXPECT_EQ(seen, Numbered(0, numbered_));
}

TEST_P(SealingTest, ReceivedBoundsHoldInBlocks) {
  std::mt19937_64 random(5);
  Open();
  std::vector<std::int64_t> times;
  for (int i = 0; i < 60; ++i) {
    RecordBatch batch;
    const int records = 1 + static_cast<int>(random() % (i % 5 == 0 ? 70 : 9));
    for (int k = 0; k < records; ++k) {
      times.push_back(kNoon + i * 10 * kSecond - static_cast<std::int64_t>(random() % 1800) * kSecond);
      testing::AddRecord(batch, std::to_string(times.size()), times.back());
    }
    RecordBatch* const batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}));
    store_->Idle();
  }
  for (int round = 0; round < 40; ++round) {
    const std::int64_t from = kNoon + static_cast<std::int64_t>(random() % 2400) * kSecond - 1800 * kSecond;
    const std::int64_t to = from + static_cast<std::int64_t>(random() % 600) * kSecond;
    std::size_t want = 0;
    for (const std::int64_t time : times) want += time >= from && time <= to ? 1u : 0u;
    for (const ScanOrder order : {ScanOrder::kOldestFirst, ScanOrder::kNewestFirst}) {
      const auto scan = store_->NewScan({.order = order, .received_min = from, .received_max = to});
      std::size_t got = 0;
      while (const auto batch = std::move(*scan->Next()))
        for (const std::int64_t time : batch->Ints(Column::kReceived))
          got += time >= from && time <= to ? 1u : 0u;
      EXPECT_EQ(got, want);
    }
  }
}

TEST_P(SealingTest, ClosedFileEndsInBlocksAndGivesItsSpaceBack) {
  options_.block_records = 32768;
  Open();
  for (int i = 0; i < 120; ++i) MustAppendNumbered(1, 5);
  MustAppend({"next day"}, kNoon + kDay);
  const std::string path = LogPath(LogFiles().front());
  EXPECT_EQ(Value(path, "SELECT count(*) FROM block"), 1) << "a quiet day";
  EXPECT_EQ(Value(path, "SELECT (SELECT count(*) FROM tail) + (SELECT count(*) FROM tail_b)"), 0);
  EXPECT_EQ(Value(path, "SELECT freelist_count FROM pragma_freelist_count"), 0);
  EXPECT_EQ(ReadAll().size(), 601u);
}

TEST_P(SealingTest, LargeTailOfAFullFileIsSealedInTheBackground) {
  options_.block_records = 32768;
  std::atomic<bool> closed = false;
  options_.at_point = [&](std::string_view point) { closed = closed || point == "roll.closed"; };
  Open();
  MustAppendNumbered(5, 1000);
  MustAppend({"next day"}, kNoon + kDay);
  EXPECT_EQ(ReadAll().size(), 5001u);
  IdleUntil([&] { return closed.load(); });
  EXPECT_EQ(Value(LogPath(LogFiles().front()), "SELECT count(*) FROM block"), 1);
  EXPECT_EQ(ReadAll().size(), 5001u);
}

TEST_P(SealingTest, OrderlyStopsLeaveTheTailAsItIs) {
  Open();
  for (int i = 0; i < 5; ++i) {
    MustAppendNumbered(1, 3);
    Open();
  }
  EXPECT_EQ(Rows("block"), 0);
  ExpectAll();
  EXPECT_EQ(ids_.front(), 15u) << "backwards";
}

TEST_P(SealingTest, FileThatWasNotClosedInOrderIsSealedAtStart) {
  options_.block_records = 32768;
  Open();
  MustAppendNumbered(5, 1000);
  const std::string path = LogPath(LogFiles().front());
  MustAppend({"next day"}, kNoon + kDay);
  Crash();
  Open();
  EXPECT_EQ(Value(path, "SELECT count(*) FROM block"), 1);
  EXPECT_EQ(ReadAll().size(), 5001u);
}

TEST_P(SealingTest, FilesRollByWhatBlocksTakeToo) {
  options_.max_file_bytes = 1'000'000;
  options_.block_records = 1000;
  Open();
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    RecordBatch batch;
    for (int k = 0; k < 1000; ++k) {
      std::string noise(100, '\0');
      for (char& octet : noise) octet = static_cast<char>(random());
      testing::AddRecord(batch, noise, now_);
    }
    RecordBatch* const batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}));
  }
  EXPECT_GE(LogFiles().size(), 2u);
  for (const std::string& name : LogFiles()) EXPECT_LT(std::filesystem::file_size(LogPath(name)), 1'500'000u);
  EXPECT_EQ(ReadAll().size(), 20'000u);
}

// Stops at every marked point in turn: a copy of the files as they are then must hold what was acknowledged.
TEST_P(SealingTest, CrashAtAnyPointLosesNothingAndDoublesNothing) {
  std::map<std::string, std::vector<std::pair<std::string, int>>> copies;  // by point: folder, acknowledged
  std::mutex mutex;
  std::atomic<int> acknowledged{0};
  int count = 0;
  options_.at_point = [&](std::string_view point) {
    const std::lock_guard lock(mutex);
    auto& taken = copies[std::string(point)];
    if (taken.size() == 3) return;
    const std::string name = "copy" + std::to_string(count++);
    const int before = acknowledged;
    CopyTo(name);
    taken.emplace_back(name, before);
  };
  options_.block_records = 40;
  Open();
  const auto write = [&](int records, std::int64_t received) {
    std::vector<std::string> texts;
    for (int k = 0; k < records; ++k) texts.push_back("record number " + std::to_string(numbered_++));
    MustAppend(texts, received);
    acknowledged = numbered_;
    store_->Idle();
  };
  for (int day = 0; day < 3; ++day) {
    for (int i = 0; i < 14; ++i) write(i % 7 == 3 ? 45 : 1 + i % 9, kNoon + day * kDay + i * kSecond);
    IdleUntil([&] { return Rows("tail") == 0 || Rows("tail_b") == 0; });
  }
  store_.reset();
  for (const char* point : {"commit.written", "commit.committed", "seal.begin", "seal.encoded",
                            "seal.rows_written", "seal.committed", "roll.begin", "roll.created",
                            "roll.listed", "roll.sealed", "roll.checkpointed", "roll.closed"})
    EXPECT_TRUE(copies.contains(point)) << point;
  const std::string data = options_.dir;
  for (const auto& [point, taken] : copies) {
    for (const auto& [name, before] : taken) {
      options_.dir = dir_ + "/" + name;
      options_.at_point = {};
      Open();
      const std::vector<std::string> texts = ReadAll();
      EXPECT_GE(static_cast<int>(texts.size()), before) << point;
      EXPECT_EQ(texts, Numbered(0, static_cast<int>(texts.size()))) << point;
      EXPECT_EQ(store_->Stats().records, texts.size()) << point;
      EXPECT_FALSE(Warned("damaged")) << point << warnings_.front();
      store_.reset();
    }
  }
}

}  // namespace
}  // namespace cistern
