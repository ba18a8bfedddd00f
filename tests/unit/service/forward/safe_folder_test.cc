#include "service/forward/safe_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "temp_files.h"

namespace cistern {
namespace {

namespace fs = std::filesystem;
namespace errc = boost::system::errc;

class SafeFolderTest : public testing::Test {
 protected:
  // What opening `name` below the test's folder came to; `trusted` counts from there.
  boost::system::error_code Open(const std::string& name, const std::string& trusted = "") {
    const std::string path = files_.path(name);
    const auto folder = OpenFolder(path, files_.path(trusted).size(), true);
    if (!folder) return folder.error();
    const auto file = OpenForAppend(folder->get(), std::string(NameOf(path)), 0640);
    return file ? boost::system::error_code() : file.error();
  }
  unsigned ModeOf(const std::string& name) {
    struct stat found {};
    EXPECT_EQ(lstat(files_.path(name).c_str(), &found), 0);
    return found.st_mode & 07777;
  }
  TempFiles files_;
};

TEST_F(SafeFolderTest, FoldersAndFileAreMadeWhateverTheUmask) {
  const mode_t before = umask(077);
  EXPECT_FALSE(Open("a/b/c.log"));
  umask(before);
  EXPECT_EQ(ModeOf("a"), 0750u);
  EXPECT_EQ(ModeOf("a/b"), 0750u);
  EXPECT_EQ(ModeOf("a/b/c.log"), 0640u);
  EXPECT_FALSE(Open("a/b/c.log"));
}

TEST_F(SafeFolderTest, SymbolicLinksAreFollowedInTheOperatorsPartOnly) {
  fs::create_directory(files_.path("real"));
  fs::create_directory_symlink(files_.path("real"), files_.path("link"));
  EXPECT_EQ(Open("link/x.log"), errc::not_a_directory);
  EXPECT_EQ(Open("link/sub/x.log"), errc::not_a_directory);
  EXPECT_FALSE(files_.Has("real/x.log"));
  EXPECT_FALSE(Open("link/x.log", "link"));
  EXPECT_TRUE(files_.Has("real/x.log"));
}

TEST_F(SafeFolderTest, ASymbolicLinkInPlaceOfTheFileIsRefused) {
  files_.Write("precious", "text");
  fs::create_symlink(files_.path("precious"), files_.path("x.log"));
  fs::create_symlink(files_.path("missing"), files_.path("y.log"));
  EXPECT_EQ(Open("x.log"), errc::too_many_symbolic_link_levels);
  EXPECT_EQ(Open("y.log"), errc::too_many_symbolic_link_levels);
  EXPECT_FALSE(files_.Has("missing"));
  EXPECT_EQ(files_.Read("precious"), "text");
}

TEST_F(SafeFolderTest, WhatIsNoFileIsRefusedAndNothingWaits) {
  fs::create_directory(files_.path("folder"));
  ASSERT_EQ(mkfifo(files_.path("pipe").c_str(), 0600), 0);
  files_.Write("file", "");
  EXPECT_EQ(Open("folder"), errc::is_a_directory);
  EXPECT_EQ(Open("pipe"), errc::invalid_argument);
  EXPECT_EQ(Open("file/x.log"), errc::not_a_directory);
}

TEST_F(SafeFolderTest, NothingIsMadeUnlessAskedFor) {
  const auto folder = OpenFolder(files_.path("a/b.log"), files_.path().size(), /*make=*/false);
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(folder.error(), errc::no_such_file_or_directory);
  EXPECT_FALSE(files_.Has("a"));
}

}  // namespace
}  // namespace cistern
