#include "service/forward/file_sink.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "file_sink_rig.h"

namespace cistern {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;
using std::chrono::steady_clock;

// What a process may write to one file: a disk that gets full, in small.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{size, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(FileSinkTest, EachRecordGoesToTheFileOfItsValues) {
  Make(SettingsFor("{host}/{app}.log"));
  SomeRecords records;
  records.Add("1", "web", "a");
  records.Add("2", "db", "a");
  records.Add("3", "web", "b");
  records.Add("4", "web", "a");
  records.Add("5", "../../up", "");
  const Delivery delivery = Deliver(records);
  EXPECT_EQ(delivery.taken, 5u);
  EXPECT_EQ(delivery.bytes, 10u);
  EXPECT_EQ(files_.List(), (Names{"___.._up/none.log", "db/a.log", "web/a.log", "web/b.log"}));
  EXPECT_EQ(files_.Read("web/a.log"), "1\n4\n");
  EXPECT_EQ(files_.Read("web/b.log"), "3\n");
}

TEST_F(FileSinkTest, ARecordIsOneLine) {
  Make(SettingsFor("all.log"));
  SomeRecords records;
  records.Add("a\nb\r\nc\td\x1b[0m");
  records.Add(std::string_view("nul\0here", 8));
  records.Add("\n");
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.log"), std::string("a b  c\td\x1b[0m\nnul\0here\n \n", 24));
}

TEST_F(FileSinkTest, WhatIsThereIsAddedTo) {
  files_.Write("all.log", "before\n");
  Make(SettingsFor("all.log"));
  SomeRecords records;
  records.Add("now");
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.log"), "before\nnow\n");
}

TEST_F(FileSinkTest, ALineThatACrashCutShortIsEndedAndNothingIsTakenAway) {
  for (const std::string before : {"x", "first\nhalf", "first\n"}) {
    files_.Write("all.log", before);
    Make(SettingsFor("all.log"));
    SomeRecords records;
    records.Add("now");
    DeliverAll(records);
    EXPECT_EQ(files_.Read("all.log"), before + (before.ends_with('\n') ? "" : "\n") + "now\n");
  }
}

TEST_F(FileSinkTest, ALineThatAnotherTargetIsWritingIsLeftAlone) {
  Make(SettingsFor("all.log"));
  SomeRecords records;
  records.Add("one");
  DeliverAll(records);
  std::ofstream(files_.path("all.log"), std::ios::app) << "half";
  FileSink other(SettingsFor("all.log"));
  RecordsView view(records.all());
  const std::vector<std::uint32_t> rows = {0};
  EXPECT_FALSE(other.Deliver({view, rows}, stop_).failure);
  EXPECT_EQ(files_.Read("all.log"), "one\nhalfone\n");
}

TEST_F(FileSinkTest, ThousandsOfFilesNeedFewDescriptors) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{160, before.rlim_max};
  Make(SettingsFor("{host}.log"));
  SomeRecords records;
  for (int round = 0; round < 2; ++round)
    for (int host = 0; host < 1000; ++host) records.Add(std::to_string(round), "host" + std::to_string(host));
  setrlimit(RLIMIT_NOFILE, &few);
  DeliverAll(records);
  EXPECT_FALSE(Idle());
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(files_.List().size(), 1000u);
  for (int host = 0; host < 1000; host += 37)
    EXPECT_EQ(files_.Read("host" + std::to_string(host) + ".log"), "0\n1\n");
}

TEST_F(FileSinkTest, ThePositionWaitsForTheSync) {
  Make(SettingsFor("all.log"));
  SomeRecords records;
  records.Add("1");
  records.Add("2");
  EXPECT_FALSE(sink_->HeldBehind());
  EXPECT_FALSE(Idle());
  DeliverAll(records);
  EXPECT_EQ(sink_->HeldBehind(), RecordId{0});
  EXPECT_GT(sink_->NextIdle(), steady_);
  EXPECT_FALSE(sink_->Idle(stop_));  // not due
  EXPECT_EQ(sink_->HeldBehind(), RecordId{0});
  EXPECT_FALSE(Idle());
  EXPECT_FALSE(sink_->HeldBehind());
  EXPECT_EQ(steps_, (std::vector<std::string>{"write to " + files_.path("all.log"), "sync"}));
}

TEST_F(FileSinkTest, TheEndSyncs) {
  Make(SettingsFor("all.log"));
  SomeRecords records;
  records.Add("1");
  DeliverAll(records);
  sink_->Close(steady_clock::now());
  EXPECT_FALSE(sink_->HeldBehind());
  EXPECT_EQ(sink_->endpoint(), "");
}

TEST_F(FileSinkTest, WithoutSyncNothingIsHeld) {
  auto settings = SettingsFor("all.log");
  settings.sync = false;
  Make(std::move(settings));
  SomeRecords records;
  records.Add("1");
  DeliverAll(records);
  EXPECT_FALSE(sink_->HeldBehind());
  EXPECT_FALSE(Idle());
  EXPECT_EQ(steps_.size(), 1u);
}

TEST_F(FileSinkTest, AFullDiskLeavesWholeLinesAndIsTriedAgain) {
  Make(SettingsFor("{host}.log"));
  SomeRecords records;
  std::string big, small;
  for (int i = 0; i < 30; ++i) {
    const std::string host = i % 3 == 2 ? "small" : "big";
    const std::string text = host == "big" ? std::string(100, 'x') + std::to_string(i) : std::to_string(i);
    records.Add(text, host);
    (host == "big" ? big : small) += text + "\n";
  }
  Delivery delivery;
  {
    const FileSizeLimit limit(1000);
    delivery = Deliver(records);
  }
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kIo);
  EXPECT_NE(delivery.failure->text.find(files_.path("big.log") + ": File too large"), std::string::npos);
  EXPECT_EQ(delivery.taken, 0u);
  EXPECT_EQ(files_.Read("big.log"), "");
  EXPECT_FALSE(sink_->HeldBehind());
  DeliverAll(records);
  EXPECT_EQ(files_.Read("big.log"), big);
  EXPECT_EQ(files_.Read("small.log"), small);
}

TEST_F(FileSinkTest, FilesThatWereWrittenBeforeOneFailedGetNothingTwice) {
  files_.Write("a.log", "");
  Make(SettingsFor("{host}.log"));
  SomeRecords records;
  std::string small, big;
  for (int i = 0; i < 20; ++i) {
    records.Add("small " + std::to_string(i), "small");
    small += "small " + std::to_string(i) + "\n";
    records.Add(std::string(500, 'x'), "big");
    big += std::string(500, 'x') + "\n";
  }
  {
    const FileSizeLimit limit(1000);
    for (int i = 0; i < 3; ++i) {
      const Delivery delivery = Deliver(records);
      ASSERT_TRUE(delivery.failure);
      EXPECT_EQ(delivery.taken, 1u);  // the first small one; the big one behind it is missing
      EXPECT_EQ(files_.Read("small.log"), small);
    }
  }
  const Delivery delivery = Deliver(records, 1);
  EXPECT_FALSE(delivery.failure);
  EXPECT_EQ(delivery.taken, 39u);
  EXPECT_EQ(files_.Read("small.log"), small);
  EXPECT_EQ(files_.Read("big.log"), big);
}

TEST_F(FileSinkTest, AFileThatWasRenamedOrDeletedIsMadeAnew) {
  Make(SettingsFor("{host}.log"));
  SomeRecords records;
  records.Add("1", "a");
  records.Add("1", "b");
  DeliverAll(records);
  fs::rename(files_.path("a.log"), files_.path("a.log-20261121"));
  fs::remove(files_.path("b.log"));
  EXPECT_FALSE(Idle());
  DeliverAll(records);
  EXPECT_EQ(files_.Read("a.log-20261121"), "1\n");
  EXPECT_EQ(files_.Read("a.log"), "1\n");
  EXPECT_EQ(files_.Read("b.log"), "1\n");
}

TEST_F(FileSinkTest, AFileThatWasEmptiedBeginsWithItsHeader) {
  auto settings = SettingsFor("all.csv");
  settings.format.form = RecordFormatter::Form::kCsv;
  settings.format.columns = {*ParseField("host"), *ParseField("message")};
  Make(std::move(settings));
  SomeRecords records;
  records.Add("a,b");
  DeliverAll(records);
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.csv"), "hostname,message\nweb,\"a,b\"\nweb,\"a,b\"\n");
  fs::resize_file(files_.path("all.csv"), 0);
  EXPECT_FALSE(Idle());
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.csv"), "hostname,message\nweb,\"a,b\"\n");
}

TEST_F(FileSinkTest, LineEndsInCsvBecomeSpacesToo) {
  auto settings = SettingsFor("all.csv");
  settings.format.form = RecordFormatter::Form::kCsv;
  settings.format.columns = {*ParseField("message")};
  Make(std::move(settings));
  SomeRecords records;
  records.Add("a\nb");
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.csv"), "message\n\"a b\"\n");
}

TEST_F(FileSinkTest, ASymbolicLinkBelowTheOperatorsFolderIsAFailure) {
  fs::create_directory(files_.path("elsewhere"));
  fs::create_directory(files_.path("log"));
  fs::create_directory_symlink(files_.path("elsewhere"), files_.path("log/web"));
  Make(SettingsFor("log/{host}/all.log"));
  SomeRecords records;
  records.Add("1");
  const Delivery delivery = Deliver(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->text, "writing to " + files_.path("log/web/all.log") + ": Not a directory");
  EXPECT_EQ(delivery.taken, 0u);
  EXPECT_TRUE(fs::is_empty(files_.path("elsewhere")));
}

}  // namespace
}  // namespace cistern
