#include "service/forward/file_names.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "ingest/net/socket_util.h"
#include "temp_files.h"

namespace cistern {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;  // name, content

class FileNamesTest : public testing::Test {
 protected:
  boost::system::error_code Rotate(unsigned keep) {
    const UniqueFd folder(open(files_.path().c_str(), O_PATH | O_DIRECTORY));
    return RotateNames(folder.get(), "a.log", keep);
  }
  Files All() const {
    Files all;
    for (const std::string& name : files_.List()) all.emplace_back(name, files_.Read(name));
    return all;
  }
  TempFiles files_;
};

TEST_F(FileNamesTest, EachFileMovesOn) {
  for (const char* text : {"1", "2", "3"}) {
    files_.Write("a.log", text);
    EXPECT_FALSE(Rotate(0));
  }
  EXPECT_EQ(All(), (Files{{"a.log.1", "3"}, {"a.log.2", "2"}, {"a.log.3", "1"}}));
}

TEST_F(FileNamesTest, TheOldestGoBeyondWhatIsKept) {
  for (const char* text : {"1", "2", "3", "4"}) {
    files_.Write("a.log", text);
    EXPECT_FALSE(Rotate(2));
  }
  EXPECT_EQ(All(), (Files{{"a.log.1", "4"}, {"a.log.2", "3"}}));
}

TEST_F(FileNamesTest, CompressedOnesMoveToo) {
  files_.Write("a.log", "new");
  files_.Write("a.log.1", "plain");
  files_.Write("a.log.2.gz", "gz");
  files_.Write("a.log.3.zst", "zst");
  EXPECT_FALSE(Rotate(3));
  EXPECT_EQ(All(), (Files{{"a.log.1", "new"}, {"a.log.2", "plain"}, {"a.log.3.gz", "gz"}}));
}

// As a crash between two renames leaves it.
TEST_F(FileNamesTest, AGapIsFilledAndWhatLiesBehindItStays) {
  files_.Write("a.log", "new");
  files_.Write("a.log.1", "1");
  files_.Write("a.log.3", "3");
  files_.Write("a.log.4", "4");
  EXPECT_FALSE(Rotate(4));
  EXPECT_EQ(All(), (Files{{"a.log.1", "new"}, {"a.log.2", "1"}, {"a.log.3", "3"}, {"a.log.4", "4"}}));
}

TEST_F(FileNamesTest, TenComesBehindNine) {
  for (int i = 1; i <= 11; ++i) files_.Write("a.log." + std::to_string(i), std::to_string(i));
  files_.Write("a.log", "0");
  EXPECT_FALSE(Rotate(0));
  for (int i = 1; i <= 12; ++i) EXPECT_EQ(files_.Read("a.log." + std::to_string(i)), std::to_string(i - 1));
}

TEST_F(FileNamesTest, FewerAreKeptThanBefore) {
  for (int i = 1; i <= 9; ++i) files_.Write("a.log." + std::to_string(i), std::to_string(i));
  files_.Write("a.log", "0");
  EXPECT_FALSE(Rotate(3));
  EXPECT_EQ(All(), (Files{{"a.log.1", "0"}, {"a.log.2", "1"}, {"a.log.3", "2"}}));
}

TEST_F(FileNamesTest, OtherFilesAreLeftAlone) {
  const Files others = {{"a.log.01", "x"},  {"a.log.1.bz2", "x"}, {"a.log.1x", "x"}, {"a.log.old", "x"},
                        {"a.log.x.1", "x"}, {"a.logs.1", "x"},    {"b.log.1", "x"}};
  for (const auto& [name, text] : others) files_.Write(name, text);
  files_.Write("a.log", "1");
  EXPECT_FALSE(Rotate(1));
  Files expected = others;
  expected.insert(expected.begin() + 1, {"a.log.1", "1"});
  EXPECT_EQ(All(), expected);
}

// As a crash leaves it between naming the compressed file and deleting the other one.
TEST_F(FileNamesTest, OfBothFormsTheCompressedOneStays) {
  files_.Write("a.log", "new");
  files_.Write("a.log.1", "old");
  files_.Write("a.log.1.gz", "compressed");
  EXPECT_FALSE(Rotate(0));
  EXPECT_EQ(All(), (Files{{"a.log.1", "new"}, {"a.log.2.gz", "compressed"}}));
}

TEST_F(FileNamesTest, NothingToRotateIsAnError) { EXPECT_TRUE(Rotate(0)); }

}  // namespace
}  // namespace cistern
