#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "file_sink_rig.h"

namespace cistern {
namespace {

using Names = std::set<std::string>;
using FileRotationTest = FileSinkTest;

TEST_F(FileRotationTest, FilesAreRotatedAtTheirSize) {
  auto settings = SettingsFor("all.log");
  settings.rotate_bytes = 30;
  settings.keep = 3;
  Make(std::move(settings));
  SomeRecords records;
  for (int i = 0; i < 14; ++i)
    records.Add("record " + std::to_string(100 + i));  // 11 octets each: two a file
  records.Add(std::string(50, 'x'));                   // longer than a file may be
  records.Add("last");
  DeliverAll(records);
  EXPECT_EQ(files_.List(), (Names{"all.log", "all.log.1", "all.log.2", "all.log.3"}));
  EXPECT_EQ(files_.Read("all.log"), "last\n");
  EXPECT_EQ(files_.Read("all.log.1"), std::string(50, 'x') + "\n");
  EXPECT_EQ(files_.Read("all.log.2"), "record 112\nrecord 113\n");
  EXPECT_EQ(files_.Read("all.log.3"), "record 110\nrecord 111\n");
}

TEST_F(FileRotationTest, NothingIsLostBetweenRotatedFiles) {
  auto settings = SettingsFor("{host}.log");
  settings.rotate_bytes = 1000;
  Make(std::move(settings));
  SomeRecords records;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    records.Add("number " + std::to_string(i), i % 2 ? "a" : "b");
    if (i % 2) expected += "number " + std::to_string(i) + "\n";
  }
  DeliverAll(records);
  std::string got;
  for (int i = 100; i > 0; --i) got += files_.Read("a.log." + std::to_string(i));
  EXPECT_EQ(got + files_.Read("a.log"), expected);
}

TEST_F(FileRotationTest, EachRotatedCsvHasItsHeader) {
  auto settings = SettingsFor("all.csv");
  settings.format.form = RecordFormatter::Form::kCsv;
  settings.format.columns = {*ParseField("message")};
  settings.rotate_bytes = 20;
  Make(std::move(settings));
  SomeRecords records;
  for (const char* text : {"first 0000", "second 000", "third 0000"}) records.Add(text);
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.csv.2"), "message\nfirst 0000\n");
  EXPECT_EQ(files_.Read("all.csv.1"), "message\nsecond 000\n");
  EXPECT_EQ(files_.Read("all.csv"), "message\nthird 0000\n");
}

TEST_F(FileRotationTest, FilesAreRotatedAtTheirTime) {
  auto settings = SettingsFor("all.log");
  settings.rotate_interval = 3600 * kSecond;
  Make(std::move(settings));
  SomeRecords records;
  records.Add("a");
  now_ = kNoon + 3599 * kSecond;
  DeliverAll(records);
  EXPECT_FALSE(Idle());
  EXPECT_EQ(files_.List(), (Names{"all.log"}));
  now_ = kNoon + 3600 * kSecond;
  EXPECT_FALSE(Idle());
  EXPECT_EQ(files_.List(), (Names{"all.log.1"}));
  DeliverAll(records);
  now_ += 3600 * kSecond;
  DeliverAll(records);  // due as well before it is idle
  EXPECT_EQ(files_.List(), (Names{"all.log", "all.log.1", "all.log.2"}));
  now_ -= 7200 * kSecond;
  EXPECT_FALSE(Idle());  // a clock that was set back rotates nothing
  EXPECT_EQ(files_.List().size(), 3u);
}

TEST_F(FileRotationTest, ARestartKnowsTheTimeOfAFile) {
  files_.Write("all.log", "yesterday\n");
  const std::timespec times[] = {{kNoon / kSecond - 86'400, 0}, {kNoon / kSecond - 86'400, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, files_.path("all.log").c_str(), times, 0), 0);
  auto settings = SettingsFor("all.log");
  settings.rotate_interval = 86'400 * kSecond;
  Make(std::move(settings));
  SomeRecords records;
  records.Add("today");
  DeliverAll(records);
  EXPECT_EQ(files_.Read("all.log.1"), "yesterday\n");
  EXPECT_EQ(files_.Read("all.log"), "today\n");
}

TEST_F(FileRotationTest, RotatedFilesAreCompressed) {
  auto settings = SettingsFor("all.log");
  settings.rotate_bytes = 10;
  settings.compress = FileCompressor::Method::kGzip;
  Make(std::move(settings));
  SomeRecords records;
  for (const char* text : {"first 0", "second 0", "third 0"}) records.Add(text);
  DeliverAll(records);
  while (files_.List() != Names{"all.log", "all.log.1.gz", "all.log.2.gz"}) std::this_thread::yield();
  EXPECT_EQ(files_.ReadGzip("all.log.2.gz"), "first 0\n");
  EXPECT_EQ(files_.ReadGzip("all.log.1.gz"), "second 0\n");
}

TEST_F(FileRotationTest, ATestMovesNoFile) {
  files_.Write("all.log", "much text\n");
  auto settings = SettingsFor("all.log");
  settings.rotate_bytes = 5;
  settings.rotate_interval = kSecond;
  settings.test = true;
  Make(std::move(settings));
  SomeRecords records;
  records.Add("test");
  DeliverAll(records);
  EXPECT_FALSE(Idle());
  EXPECT_EQ(files_.List(), (Names{"all.log"}));
  EXPECT_EQ(files_.Read("all.log"), "much text\ntest\n");
}

}  // namespace
}  // namespace cistern
