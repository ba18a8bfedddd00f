// A store in a temporary folder with a clock that the test moves.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/store.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern::testing {

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;
// 2026-11-20 12:00 UTC.
inline constexpr std::int64_t kNoon = 1'795'176'000 * kSecond;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cistern-store-XXXXXX").string();
    dir_ = ::mkdtemp(pattern.data());
    options_.dir = dir_ + "/data";
    options_.sync = Sync::kNormal;
    options_.free_space_reserve = 0;
    options_.clock = [this] { return now_; };
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Open() {
    store_.reset();
    Result<std::unique_ptr<Store>> opened = TryOpen();
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    store_ = std::move(*opened);
  }
  Result<std::unique_ptr<Store>> TryOpen() {
    return Store::Open(options_, [this](const std::string& text) { warnings_.push_back(text); });
  }
  // As after kill -9: the files as they are now, without the orderly close.
  void Crash() {
    const std::string copy = dir_ + "/crashed";
    std::filesystem::remove_all(copy);
    std::filesystem::copy(options_.dir, copy, std::filesystem::copy_options::recursive);
    store_.reset();
    std::filesystem::remove_all(options_.dir);
    std::filesystem::rename(copy, options_.dir);
  }

  // One commit of `texts`, received at `received` (default: now).
  Result<CommitResult> Append(const std::vector<std::string>& texts, std::int64_t received = 0,
                              std::vector<ClientSequence> sequences = {}) {
    RecordBatch batch;
    for (const std::string& text : texts) AddRecord(batch, text, received == 0 ? now_ : received);
    RecordBatch* const batches[] = {&batch};
    return store_->Append(batches, sequences);
  }
  void MustAppend(const std::vector<std::string>& texts, std::int64_t received = 0) {
    const Result<CommitResult> result = Append(texts, received);
    ASSERT_TRUE(result.has_value()) << result.error().message();
  }

  // As after kill -9 at this moment, for a second look: a copy of the files below `name`.
  void CopyTo(const std::string& name) const {
    std::filesystem::remove_all(dir_ + "/" + name);
    std::filesystem::copy(options_.dir, dir_ + "/" + name, std::filesystem::copy_options::recursive);
  }
  // Commits of `each` records, numbered on from what was written this way before.
  void MustAppendNumbered(int commits, int each) {
    for (int i = 0; i < commits; ++i) {
      std::vector<std::string> texts;
      for (int k = 0; k < each; ++k) texts.push_back("record number " + std::to_string(numbered_++));
      MustAppend(texts);
    }
  }
  // Lets the writer's housekeeping run until `done`.
  void IdleUntil(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done() && std::chrono::steady_clock::now() < end) {
      store_->Idle();
      std::this_thread::yield();
    }
    ASSERT_TRUE(done());
  }
  // The value of a query on a log file that may be open.
  static std::int64_t Value(const std::string& path, const std::string& sql) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    std::int64_t value = -1;
    if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
      value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return value;
  }
  std::int64_t Rows(const std::string& table) const {
    return Value(LogPath(LogFiles().back()), "SELECT count(*) FROM " + table);
  }

  // All messages of a scan until it ends, and the ids in `ids_`.
  std::vector<std::string> Read(Scan& scan) {
    std::vector<std::string> texts;
    ids_.clear();
    for (;;) {
      Result<std::unique_ptr<StoredBatch>> batch = scan.Next();
      EXPECT_TRUE(batch.has_value()) << batch.error().message();
      if (!batch || !*batch) return texts;
      for (std::size_t i = 0; i < (*batch)->size(); ++i) {
        texts.emplace_back((*batch)->Row(i).message);
        ids_.push_back(ToInt((*batch)->Row(i).id));
      }
    }
  }
  // Reads on while others write, until `total` records came: each once and in order, from id 1 on. `each`
  // looks at a row.
  void FollowTo(std::uint64_t total, Scan& scan,
                const std::function<void(StoredBatch& batch, std::size_t row)>& each) {
    std::uint64_t seen = 0;
    while (seen < total) {
      const auto batch = scan.Next();
      ASSERT_TRUE(batch.has_value()) << batch.error().message();
      if (!*batch) {
        store_->WaitForCommit(RecordId{seen}, std::chrono::seconds(10));
        continue;
      }
      for (std::size_t i = 0; i < (*batch)->size(); ++i) {
        ASSERT_EQ(ToInt((*batch)->Row(i).id), ++seen);
        each(**batch, i);
      }
    }
  }
  // What a query would give: exactly the rows within the bounds, in scan order.
  std::vector<std::string> ReadAll(ScanOptions options = {}) {
    const auto scan = store_->NewScan(options);
    std::vector<std::string> texts;
    ids_.clear();
    while (const auto batch = std::move(*scan->Next())) {
      for (std::size_t i = 0; i < batch->size(); ++i) {
        const bool down = options.order == ScanOrder::kNewestFirst;
        const Record record = batch->Row(down ? batch->size() - 1 - i : i);
        if (batch->damaged() || ToInt(record.id) < options.id_min || ToInt(record.id) > options.id_max ||
            record.received < options.received_min || record.received > options.received_max)
          continue;
        texts.emplace_back(record.message);
        ids_.push_back(ToInt(record.id));
      }
    }
    return texts;
  }

  std::vector<std::string> LogFiles(const std::string& suffix = ".db") const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options_.dir + "/logs"))
      if (entry.path().string().ends_with(suffix)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string LogPath(const std::string& name) const { return options_.dir + "/logs/" + name; }
  bool Warned(const std::string& part) const {
    for (const std::string& warning : warnings_)
      if (warning.find(part) != std::string::npos) return true;
    return false;
  }

  std::string dir_;
  StoreOptions options_;
  std::int64_t now_ = kNoon;
  int numbered_ = 0;
  std::vector<std::string> warnings_;
  std::vector<std::uint64_t> ids_;
  std::unique_ptr<Store> store_;
};

}  // namespace cistern::testing
