// A store in a temporary folder with a clock that the test moves.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
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
  std::vector<std::string> ReadAll(ScanOptions options = {}) { return Read(*store_->NewScan(options)); }

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
  std::vector<std::string> warnings_;
  std::vector<std::uint64_t> ids_;
  std::unique_ptr<Store> store_;
};

}  // namespace cistern::testing
