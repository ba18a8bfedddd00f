#include "ctl/transfer/byte_source.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <random>

#include "ctl/transfer/pending_file.h"
#include "tests/unit/service/temp_store.h"

namespace cistern::ctl {
namespace {

std::string Gzip(const std::string& plain) {
  std::string packed(compressBound(plain.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string Zstd(const std::string& plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

// Half of it compresses well and half does not, so that both kinds of buffers fill first.
std::string Sample(std::size_t size) {
  std::mt19937_64 random(7);
  std::string text(size, 'a');
  for (std::size_t i = size / 2; i < size; ++i) text[i] = static_cast<char>(random());
  return text;
}

class ByteSourceTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& content) {
    std::ofstream(folder_.path() + "/file", std::ios::binary) << content;
    return folder_.path() + "/file";
  }

  // The whole content, read in pieces of `piece` octets; or the error.
  std::string ReadAll(const std::string& content, std::size_t piece) {
    auto source = ByteSource::Open(Write(content));
    if (!source) return source.error().message;
    std::string all, buffer(piece, '\0');
    for (;;) {
      const auto read = (*source)->Read(buffer.data(), buffer.size());
      if (!read) return read.error().message;
      if (*read == 0) break;
      all.append(buffer, 0, *read);
    }
    EXPECT_EQ((*source)->consumed(), content.size());
    return all;
  }

  TempFolder folder_;
};

TEST_F(ByteSourceTest, ReadsPlainAndCompressedAlike) {
  for (const std::size_t size : {0, 1, 100, 65536, 3'000'000}) {
    const std::string plain = Sample(size);
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{1} << 20}) {
      EXPECT_EQ(ReadAll(plain, piece), plain);
      EXPECT_EQ(ReadAll(Gzip(plain), piece), plain);
      EXPECT_EQ(ReadAll(Zstd(plain), piece), plain);
    }
  }
}

TEST_F(ByteSourceTest, JoinsMembers) {
  EXPECT_EQ(ReadAll(Gzip("one ") + Gzip("two"), 100), "one two");
  EXPECT_EQ(ReadAll(Zstd("one ") + Zstd("two"), 100), "one two");
}

TEST_F(ByteSourceTest, SaysThatCompressedDataIsDamagedOrCut) {
  const std::string plain = Sample(200'000);
  for (std::string packed : {Gzip(plain), Zstd(plain)}) {
    EXPECT_NE(ReadAll(packed.substr(0, packed.size() - 5), 4096).find("ends too early"), std::string::npos);
    packed[packed.size() - 1] = static_cast<char>(~packed[packed.size() - 1]);
    packed[8] = static_cast<char>(~packed[8]);
    packed[12] = static_cast<char>(~packed[12]);
    EXPECT_NE(ReadAll(packed, 4096), plain);
  }
}

TEST_F(ByteSourceTest, HeadIsReadAgain) {
  const auto source = ByteSource::Open(Write(Gzip("hello")));
  ASSERT_TRUE(source);
  EXPECT_EQ((*source)->head(), "hello");
  char buffer[10];
  EXPECT_EQ(*(*source)->Read(buffer, sizeof buffer), 5u);
}

TEST_F(ByteSourceTest, NamesTheFileThatIsNotThere) {
  EXPECT_EQ(ByteSource::Open("/no/such").error().message, "/no/such: No such file or directory");
}

TEST_F(ByteSourceTest, PendingFileAppearsWholeOrNotAtAll) {
  const std::string path = folder_.path() + "/out";
  {
    const PendingFile given_up(path);
    std::ofstream(given_up.temporary()) << "x";
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  PendingFile file(path);
  std::ofstream(file.temporary()) << "whole";
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_TRUE(file.Commit());
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(file.temporary()));
}

}  // namespace
}  // namespace cistern::ctl
