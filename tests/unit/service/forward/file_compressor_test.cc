#include "service/forward/file_compressor.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "service/forward/stream_encoder.h"
#include "temp_files.h"

namespace cistern {
namespace {

std::string Encoded(StreamEncoder& encoder, std::string_view text, std::size_t piece) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    EXPECT_TRUE(encoder.Add(text.substr(0, piece), false, out));
  EXPECT_TRUE(encoder.Add({}, true, out));
  return out;
}

std::string Lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "line number " + std::to_string(i * 7919LL % 1'000'003) + "\n";
  return text;
}

std::string Unzstd(const std::string& octets, std::size_t size) {
  std::string text(size + 1, '\0');
  text.resize(ZSTD_decompress(text.data(), text.size(), octets.data(), octets.size()));
  return text;
}

TEST(StreamEncoderTest, PiecesOfAnySizeMakeOneFile) {
  const std::string text = Lines(50'000);
  const TempFiles files;
  for (const std::size_t piece : {1000u, 65'536u, 10'000'000u}) {
    files.Write("x.gz", Encoded(*MakeGzipEncoder(), text, piece));
    EXPECT_EQ(files.ReadGzip("x.gz"), text);
    EXPECT_EQ(Unzstd(Encoded(*MakeZstdEncoder(), text, piece), text.size()), text);
  }
}

TEST(StreamEncoderTest, NothingIsAFileToo) {
  const TempFiles files;
  files.Write("x.gz", Encoded(*MakeGzipEncoder(), "", 1));
  EXPECT_FALSE(files.Read("x.gz").empty());
  EXPECT_EQ(files.ReadGzip("x.gz"), "");
}

class FileCompressorTest : public testing::Test {
 protected:
  void WaitFor(const std::set<std::string>& names) {
    while (files_.List() != names) std::this_thread::yield();  // the test's time limit ends it
  }
  std::size_t trusted() const { return files_.path().size(); }
  TempFiles files_;
};

TEST_F(FileCompressorTest, ClosedFilesAreCompressedAndTheOpenOneIsNot) {
  files_.Write("a.log", "open\n");
  files_.Write("a.log.1", Lines(100'000));
  files_.Write("a.log.2", Lines(10));
  files_.Write("a.log.3.gz", "whatever");
  files_.Write("a.log.tmp", "half of one");
  FileCompressor compressor(FileCompressor::Method::kGzip, trusted());
  compressor.Add(files_.path("a.log"));
  WaitFor({"a.log", "a.log.1.gz", "a.log.2.gz", "a.log.3.gz"});
  EXPECT_EQ(files_.Read("a.log"), "open\n");
  EXPECT_EQ(files_.ReadGzip("a.log.1.gz"), Lines(100'000));
  EXPECT_EQ(files_.ReadGzip("a.log.2.gz"), Lines(10));
}

TEST_F(FileCompressorTest, PermissionsAndTimeAreThoseOfTheFile) {
  files_.Write("a.log.1", Lines(10));
  ASSERT_EQ(chmod(files_.path("a.log.1").c_str(), 0604), 0);
  const auto time = std::filesystem::last_write_time(files_.path("a.log.1"));
  FileCompressor compressor(FileCompressor::Method::kZstd, trusted());
  compressor.Add(files_.path("a.log"));
  WaitFor({"a.log.1.zst"});
  struct stat found {};
  ASSERT_EQ(stat(files_.path("a.log.1.zst").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0604u);
  EXPECT_EQ(std::filesystem::last_write_time(files_.path("a.log.1.zst")), time);
  EXPECT_EQ(Unzstd(files_.Read("a.log.1.zst"), Lines(10).size()), Lines(10));
}

TEST_F(FileCompressorTest, WhatARestartFindsIsTakenUp) {
  files_.Write("a.log.1", Lines(10));
  files_.Write("b.log.tmp", "half of one");
  files_.Write("c.log.7", "nothing to resume for");
  FileCompressor compressor(FileCompressor::Method::kGzip, trusted());
  for (const char* name : {"a.log", "b.log", "c.log", "d.log"}) compressor.Resume(files_.path(name));
  WaitFor({"a.log.1.gz", "c.log.7"});
}

TEST_F(FileCompressorTest, TheEndDoesNotWaitAndLeavesNoHalfFile) {
  files_.Write("a.log.1", Lines(300'000));
  {
    FileCompressor compressor(FileCompressor::Method::kGzip, trusted());
    compressor.Add(files_.path("a.log"));
    while (!files_.Has("a.log.tmp") && !files_.Has("a.log.1.gz")) std::this_thread::yield();
  }
  const auto names = files_.List();
  EXPECT_TRUE(names == std::set<std::string>{"a.log.1"} || names == std::set<std::string>{"a.log.1.gz"});
}

TEST_F(FileCompressorTest, AFileThatMovesOnMeanwhileGetsItsNewName) {
  files_.Write("a.log.1", Lines(300'000));
  FileCompressor compressor(FileCompressor::Method::kGzip, trusted());
  compressor.Add(files_.path("a.log"));
  while (!files_.Has("a.log.tmp") && !files_.Has("a.log.1.gz")) std::this_thread::yield();
  {
    const std::lock_guard lock(compressor.names());
    const std::string form = files_.Has("a.log.1") ? "" : ".gz";
    std::filesystem::rename(files_.path("a.log.1" + form), files_.path("a.log.2" + form));
  }
  WaitFor({"a.log.2.gz"});
  EXPECT_EQ(files_.ReadGzip("a.log.2.gz"), Lines(300'000));
}

TEST_F(FileCompressorTest, AFileThatIsDeletedMeanwhileIsForgotten) {
  files_.Write("a.log.1", Lines(300'000));
  FileCompressor compressor(FileCompressor::Method::kGzip, trusted());
  compressor.Add(files_.path("a.log"));
  while (!files_.Has("a.log.tmp") && !files_.Has("a.log.1.gz")) std::this_thread::yield();
  {
    const std::lock_guard lock(compressor.names());
    std::filesystem::remove(files_.path("a.log.1"));
    std::filesystem::remove(files_.path("a.log.1.gz"));
  }
  WaitFor({});
}

}  // namespace
}  // namespace cistern
