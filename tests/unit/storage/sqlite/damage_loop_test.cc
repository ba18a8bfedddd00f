// Any octet of any file flipped, any file cut short or deleted: the store opens, says what is damaged, serves
// the rest, and never gives a record that is not what was stored.
#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using testing::kDay;
using testing::kNoon;
using testing::kSecond;

class DamageLoopTest : public testing::StoreTest {
 protected:
  // Two closed files and an open one, with blocks, rows in both tails, sequences and cursors.
  void MakeStore() {
    options_.recent_bytes = 0;
    options_.block_records = 60;
    Open();
    for (int day = 0; day < 3; ++day) {
      const std::int64_t at = kNoon + day * kDay;
      for (const int records : {70, 5, 3, 60, 2}) Write(records, at);
      ASSERT_TRUE(Append({}, at, {{"client", static_cast<std::uint64_t>(day + 1)}}));
    }
    for (int i = 0; i < 12; ++i) Write(6, kNoon + 2 * kDay + i * kSecond);
    IdleUntil([&] { return Rows("tail") == 0 || Rows("tail_b") == 0; });
    Write(4, kNoon + 2 * kDay + 60 * kSecond);
    const std::pair<std::string, RecordId> positions[] = {{"target", RecordId{7}}, {"other", RecordId{9}}};
    ASSERT_TRUE(store_->PutCursors(positions));
    (void)ReadAll();
    for (std::size_t i = 0; i < ids_.size(); ++i) stored_[ids_[i]] = static_cast<int>(i);
    ASSERT_EQ(stored_.size(), static_cast<std::size_t>(numbered_));
    Crash();  // with its -wal; an orderly stop follows
    Open();
    store_.reset();
    std::filesystem::rename(options_.dir, dir_ + "/whole");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir_ + "/whole"))
      if (entry.path().extension() == ".db")
        files_.push_back(std::filesystem::relative(entry.path(), dir_ + "/whole"));
    std::sort(files_.begin(), files_.end());
  }
  void Write(int records, std::int64_t at) {
    std::vector<std::string> texts;
    for (int i = 0; i < records; ++i) texts.push_back("record number " + std::to_string(numbered_++));
    MustAppend(texts, at);
  }
  void Restore() {
    store_.reset();
    warnings_.clear();
    std::filesystem::remove_all(options_.dir);
    std::filesystem::copy(dir_ + "/whole", options_.dir, std::filesystem::copy_options::recursive);
  }

  // Everything that a scan gives is what was stored; returns how many records it gave.
  std::size_t ReadAndCompare(ScanOrder order) {
    const auto scan = store_->NewScan({.order = order});
    std::map<std::uint64_t, int> seen;
    for (;;) {
      Result<std::unique_ptr<StoredBatch>> batch = scan->Next();
      EXPECT_TRUE(batch.has_value()) << batch.error().message();
      if (!batch || !*batch) return seen.size();
      Compare(**batch, seen);
    }
  }
  void Compare(StoredBatch& batch, std::map<std::uint64_t, int>& seen) {
    if (BlockIndex* index = batch.index()) {
      // A word that is there is never denied.
      for (auto at = stored_.lower_bound(ToInt(batch.first_id()));
           at != stored_.upper_bound(ToInt(batch.last_id())); ++at)
        EXPECT_TRUE(index->MayHoldWord(std::to_string(at->second))) << at->first;
      std::uint64_t rows = 0;
      for (const TextTemplate& text : index->Templates()) rows += text.rows;
      EXPECT_EQ(rows, batch.size());
    }
    batch.Check();
    if (batch.damaged()) return;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Record record = batch.Row(i);
      if (batch.damaged()) return;
      const auto stored = stored_.find(ToInt(record.id));
      ASSERT_NE(stored, stored_.end()) << ToInt(record.id);
      EXPECT_EQ(record.message, "record number " + std::to_string(stored->second));
      EXPECT_EQ(record.hostname, "web-1");
      EXPECT_TRUE(seen.emplace(ToInt(record.id), 0).second) << "twice: " << ToInt(record.id);
    }
  }

  // The damage is done. `all`: nothing may be missing.
  void ExpectServed() {
    Open();
    const std::size_t up = ReadAndCompare(ScanOrder::kOldestFirst),
                      down = ReadAndCompare(ScanOrder::kNewestFirst);
    if (up != stored_.size() || down != stored_.size()) {
      EXPECT_FALSE(warnings_.empty()) << up << " and " << down << " of " << stored_.size();
    }
    const auto cursor = store_->GetCursor("target");
    if (cursor) {
      EXPECT_EQ(*cursor, RecordId{7});
    } else {
      EXPECT_FALSE(warnings_.empty());
    }
    const auto sequence = store_->LastSequence("client");
    if (sequence != 3u) {
      EXPECT_FALSE(warnings_.empty()) << sequence;
    }
    Result<CommitResult> more = Append({"more"}, kNoon + 2 * kDay + 90 * kSecond);
    if (!more) {
      ASSERT_TRUE(store_->Reopen());
      more = Append({"more"}, kNoon + 2 * kDay + 90 * kSecond);
    }
    ASSERT_TRUE(more.has_value()) << more.error().message();
    EXPECT_GT(ToInt(more->first), stored_.rbegin()->first) << "an id that somebody may have seen";
    for (int i = 0; i < 3; ++i) store_->Idle();
  }

  void FlipAt(const std::string& name, std::uint64_t offset, std::uint8_t bits) {
    std::fstream file(options_.dir + "/" + name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int octet = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(octet ^ bits));
  }

  std::map<std::uint64_t, int> stored_;  // by id, the number in the message
  std::vector<std::string> files_;
};

// More, and others, by hand: CISTERN_DAMAGE_TRIALS and CISTERN_DAMAGE_SEED in the environment.
std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_F(DamageLoopTest, AnyOctetFlipped) {
  MakeStore();
  ASSERT_EQ(files_.size(), 4u);
  std::mt19937_64 random(FromEnvironment("CISTERN_DAMAGE_SEED", 1));
  const std::uint64_t trials = FromEnvironment("CISTERN_DAMAGE_TRIALS", 120);
  for (std::uint64_t trial = 0; trial < trials && !HasFailure(); ++trial) {
    Restore();
    const std::string& name = files_[random() % files_.size()];
    const std::uint64_t size = std::filesystem::file_size(options_.dir + "/" + name);
    // Most of a small file is empty: what is used lies at the beginning and the end of pages.
    const std::uint64_t page = name == "catalog.db" ? 4096 : 16384;
    std::uint64_t offset = random() % size;
    if (random() % 2 == 0) offset = offset / page * page + random() % 64;
    if (random() % 3 == 0) offset = offset / page * page + page - 1 - random() % 600;
    if (random() % 8 == 0) offset = random() % 100;
    const auto bits = static_cast<std::uint8_t>(random() % 2 == 0 ? 1 << random() % 8 : 1 + random() % 255);
    SCOPED_TRACE("trial " + std::to_string(trial) + ": " + name + " at " + std::to_string(offset) + " ^ " +
                 std::to_string(bits));
    FlipAt(name, std::min(offset, size - 1), bits);
    ExpectServed();
  }
}

TEST_F(DamageLoopTest, AnyFileCutShortOrDeleted) {
  MakeStore();
  std::mt19937_64 random(7);
  for (const std::string& name : files_) {
    const std::uint64_t size = std::filesystem::file_size(dir_ + "/whole/" + name);
    for (const std::uint64_t left :
         {std::uint64_t{0}, std::uint64_t{1}, random() % size, size - 1, size - 16384}) {
      Restore();
      SCOPED_TRACE(name + " cut to " + std::to_string(left));
      std::filesystem::resize_file(options_.dir + "/" + name, std::min(left, size));
      ExpectServed();
    }
    Restore();
    SCOPED_TRACE(name + " deleted");
    std::filesystem::remove(options_.dir + "/" + name);
    ExpectServed();
  }
}

}  // namespace
}  // namespace cistern
