#include <algorithm>
#include <stop_token>

#include "storage/care/restore.h"
#include "storage/care/tar.h"
#include "storage/care/verify.h"
#include "tests/unit/storage/care/care_fixture.h"

namespace cistern::testing {
namespace {

class BackupTest : public CareTest {
 protected:
  Result<void, std::string> Restore(const std::string& archive) {
    target_ = dir_ + "/restored";
    return RestoreBackup(archive, target_, {}, restored_);
  }
  void OpenRestored() {
    store_.reset();
    options_.dir = target_;
    Open();
  }
  std::vector<std::string> FilesIn(const std::string& dir) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  std::string target_;
  Restored restored_;
};

TEST_F(BackupTest, RestoredStoreHasTheSameRecords) {
  Open();
  FillOneFile();
  now_ += kDay;
  MustAppend(Texts("next day ", 300));
  const std::vector<std::string> texts = ReadAll();
  const std::vector<std::uint64_t> ids = ids_;
  const auto done = Restore(MakeBackup());
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_EQ(restored_.records, texts.size());
  EXPECT_EQ(restored_.log_files, 2u);
  EXPECT_TRUE(restored_.notes.empty());
  EXPECT_TRUE(notes_.empty());
  OpenRestored();
  EXPECT_EQ(ReadAll(), texts);
  EXPECT_EQ(ids_, ids);
  EXPECT_TRUE(warnings_.empty());
  const auto findings = CheckStore();
  EXPECT_TRUE(findings.empty()) << Texts(findings);
}

TEST_F(BackupTest, RestoredStoreIsAnotherOneAndSkipsIds) {
  Open();
  MustAppend({"a", "b"});
  const std::string id = store_->store_id();
  const std::pair<std::string, RecordId> positions[] = {{"tail", RecordId{2}}, {"ahead", RecordId{9999}}};
  ASSERT_TRUE(store_->PutCursors(positions).has_value());
  ASSERT_TRUE(Restore(MakeBackup()).has_value());
  OpenRestored();
  EXPECT_NE(store_->store_id(), id);
  EXPECT_EQ(store_->store_id(), restored_.store_id);
  EXPECT_EQ(store_->GetCursor("tail"), RecordId{2});
  EXPECT_EQ(store_->GetCursor("ahead"), RecordId{2});
  const auto next = Append({"c"});
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(ToInt(next->first), restored_.next_id);
  EXPECT_GT(ToInt(next->first), std::uint64_t{1} << 20);
  EXPECT_EQ(ReadAll(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(BackupTest, RecordsCommittedMeanwhileAreThereUpToOneOfThem) {
  Open();
  FillOneFile();
  int commits = 0;
  const std::string archive = MakeBackup([&] {
    if (commits++ < 60) MustAppend({"meanwhile " + std::to_string(commits)});
  });
  const std::vector<std::string> all = ReadAll();
  ASSERT_TRUE(Restore(archive).has_value());
  OpenRestored();
  const std::vector<std::string> texts = ReadAll();
  EXPECT_GE(texts.size(), 40100u);
  ASSERT_LE(texts.size(), all.size());
  EXPECT_TRUE(std::equal(texts.begin(), texts.end(), all.begin()));
}

TEST_F(BackupTest, FileThatRetentionTakesMeanwhileIsLeftOut) {
  Open();
  MustAppend({"old"});
  now_ += kDay;
  MustAppend({"new"});
  at_point_ = [this](std::string_view point) {
    if (point != "backup.catalog") return;
    store_->SetRetention({.max_bytes = 1});
    EXPECT_EQ(store_->ApplyRetention()->size(), 1u);
  };
  const std::string archive = MakeBackup();
  ASSERT_EQ(notes_.size(), 1u);
  EXPECT_NE(notes_[0].find("was deleted while"), std::string::npos);
  ASSERT_TRUE(Restore(archive).has_value());
  EXPECT_EQ(restored_.records, 1u);
  OpenRestored();
  EXPECT_EQ(ReadAll(), std::vector<std::string>{"new"});
}

TEST_F(BackupTest, LeavesNothingBehind) {
  Open();
  FillOneFile();
  const std::vector<std::string> before = FilesIn(options_.dir);
  {
    auto backup = Backup::Begin(*store_, {options_.dir, 0, {}});
    ASSERT_TRUE(backup.has_value());
    std::string piece;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE((*backup)->Next(1000, piece).has_value());
      EXPECT_EQ(FilesIn(options_.dir), before);
    }
  }
  (void)MakeBackup();
  EXPECT_EQ(FilesIn(options_.dir), before);
}

TEST_F(BackupTest, CopyThatWouldFillTheDiskIsRefused) {
  Open();
  MustAppend({"a"});
  auto backup = Backup::Begin(*store_, {options_.dir, 1.0, {}});
  ASSERT_TRUE(backup.has_value());
  Result<void> next;
  std::string piece;
  while (next && !(*backup)->done()) next = (*backup)->Next(100'000, piece);
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error(), StoreErrc::kDiskFull);
}

TEST_F(BackupTest, TruncatedOrChangedArchiveIsRefusedAndLeavesNothing) {
  Open();
  MustAppend(Texts("message ", 50));
  const std::string whole = ReadFile(MakeBackup());
  std::vector<std::string> archives = {"", whole.substr(0, 511), whole.substr(0, 3000),
                                       whole.substr(0, whole.size() - 2000)};
  for (std::size_t at = 300; at < whole.size() - 1024; at += whole.size() / 37) {
    archives.push_back(whole);
    archives.back()[at] = static_cast<char>(archives.back()[at] ^ 0x10);
  }
  int refused = 0;
  for (const std::string& archive : archives) {
    const auto done = Restore(WriteFile("bad.cistern", archive));
    if (!done) {
      ++refused;
      EXPECT_EQ(FilesIn(target_), std::vector<std::string>{"LOCK"});
    }
    std::filesystem::remove_all(target_);
  }
  // Padding between members may hold anything.
  EXPECT_GE(refused, static_cast<int>(archives.size()) - 2);
}

TEST_F(BackupTest, RestoreRefusesADirectoryThatHoldsSomething) {
  Open();
  MustAppend({"a"});
  const std::string archive = MakeBackup();
  const auto done = RestoreBackup(archive, options_.dir, {}, restored_);
  ASSERT_FALSE(done.has_value());
  EXPECT_NE(done.error().find("is not empty"), std::string::npos);
  EXPECT_EQ(ReadAll(), std::vector<std::string>{"a"});
}

TEST_F(BackupTest, RestoreGoesOnWhereAnInterruptedOneStopped) {
  Open();
  MustAppend({"a"});
  const std::string archive = MakeBackup();
  std::filesystem::create_directories(dir_ + "/restored/restore.tmp/logs");
  WriteFile("restored/restore.tmp/catalog.db", "half");
  ASSERT_TRUE(Restore(archive).has_value());
  EXPECT_FALSE(std::filesystem::exists(target_ + "/restore.tmp"));
  OpenRestored();
  EXPECT_EQ(ReadAll(), std::vector<std::string>{"a"});
}

TEST_F(BackupTest, VerifyChecksEveryRecord) {
  Open();
  FillOneFile();
  const std::string archive = MakeBackup();
  Verified verified;
  const auto done = VerifyBackup(archive, dir_ + "/verify", {}, verified);
  ASSERT_TRUE(done.has_value()) << done.error();
  EXPECT_TRUE(verified.findings.empty()) << Texts(verified.findings);
  EXPECT_EQ(verified.check.records, 40100u);
  EXPECT_EQ(verified.archive.bytes, std::filesystem::file_size(archive) - kTarEnd);
  EXPECT_NE(verified.archive.about.find("store_id: " + store_->store_id()), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/verify"));
}

TEST_F(BackupTest, StopEndsARestore) {
  Open();
  MustAppend({"a"});
  const std::string archive = MakeBackup();
  std::stop_source stop;
  stop.request_stop();
  const auto done = RestoreBackup(archive, dir_ + "/restored", {stop.get_token(), {}}, restored_);
  ASSERT_FALSE(done.has_value());
  EXPECT_NE(done.error().find("stopped"), std::string::npos);
}

}  // namespace
}  // namespace cistern::testing
