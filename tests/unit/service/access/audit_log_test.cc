#include "service/access/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;

AuditRecord Entry(const std::string& method, const std::string& result = "OK") {
  AuditRecord record;
  record.caller = "somebody";
  record.method = method;
  record.result = result;
  return record;
}

class AuditLogTest : public testing::Test {
 protected:
  void Reopen() {
    log_.reset();
    log_ = std::make_unique<AuditLog>(*store_, [this] { return now_.load(); });
    ASSERT_TRUE(log_->Open());
  }
  void SetUp() override { Reopen(); }
  std::vector<AuditRecord> All() { return *log_->List(0, AuditLog::kMostEntries); }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenStore(folder_.path());
  std::atomic<std::int64_t> now_{100 * kMinute};
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditLogTest, EntriesComeNewestFirstAndOutliveARestart) {
  log_->Changed(Entry("/a"));
  log_->Refused(Entry("/b", "PERMISSION_DENIED"));
  Reopen();
  log_->Changed(Entry("/c"));
  const auto all = All();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].method, "/c");
  EXPECT_EQ(all[0].number, 3u);
  EXPECT_EQ(all[1].result, "PERMISSION_DENIED");
  EXPECT_EQ(all[2].method, "/a");
  EXPECT_EQ(all[2].time, 100 * kMinute);
}

TEST_F(AuditLogTest, PagesContinueWithoutGap) {
  for (int i = 0; i < 25; ++i) log_->Changed(Entry("/" + std::to_string(i)));
  std::uint64_t before = 0;
  int expected = 24;
  for (;;) {
    const auto page = *log_->List(before, 7);
    if (page.empty()) break;
    for (const AuditRecord& record : page) EXPECT_EQ(record.method, "/" + std::to_string(expected--));
    before = page.back().number;
    if (before == 1) break;
  }
  EXPECT_EQ(expected, -1);
}

TEST_F(AuditLogTest, RefusalsOfAMinuteAreBoundedAndTheRestIsTold) {
  for (int i = 0; i < 500; ++i) log_->Refused(Entry("/x", "UNAUTHENTICATED"));
  EXPECT_EQ(All().size(), static_cast<std::size_t>(AuditLog::kRefusalsPerMinute));
  now_ += kMinute;
  log_->Refused(Entry("/y", "UNAUTHENTICATED"));
  const auto all = All();
  ASSERT_EQ(all.size(), AuditLog::kRefusalsPerMinute + 2u);
  EXPECT_EQ(all[0].method, "/y");
  EXPECT_EQ(all[1].result, "SUPPRESSED");
  EXPECT_THAT(all[1].message, testing::HasSubstr("440 more"));
}

TEST_F(AuditLogTest, TheOldestGo) {
  constexpr std::uint64_t kMore = 100;
  for (std::uint64_t i = 0; i < AuditLog::kMostEntries + kMore; ++i) {
    log_->Changed(Entry("/x"));
    if (i % 500 == 0) All();  // waits, so that none is left out
  }
  EXPECT_EQ(*store_->CountObjects("audit"), AuditLog::kMostEntries);
  Reopen();
  EXPECT_EQ(log_->List(0, 1)->front().number, AuditLog::kMostEntries + kMore);
}

TEST_F(AuditLogTest, WhatClientsChooseIsMadeHarmless) {
  AuditRecord record = Entry("/\x1b[2J\n" + std::string(5000, 'a'));
  log_->Changed(record);
  const auto all = All();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all[0].method, testing::StartsWith("/?[2J?aaa"));
  EXPECT_LE(all[0].method.size(), 512u);
}

}  // namespace
}  // namespace cistern
