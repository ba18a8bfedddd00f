#include "storage/care/stats.h"

#include <atomic>

#include "tests/unit/storage/care/care_fixture.h"

namespace cistern::testing {
namespace {

using StatsTest = CareTest;

TEST_F(StatsTest, ColumnsAddUpToTheFile) {
  Open();
  FillOneFile();
  now_ += kDay;
  MustAppend(Texts("next day ", 300));
  const auto stats = MeasureStore(*store_, options_.dir, std::atomic<bool>(false));
  ASSERT_TRUE(stats.has_value()) << stats.error().message();
  ASSERT_EQ(stats->files.size(), 2u);
  EXPECT_GT(stats->catalog_bytes, 0u);
  const LogFileStats& file = stats->files[0];
  EXPECT_EQ(file.name, LogFiles()[0]);
  EXPECT_EQ(file.day, "2026-11-20");
  EXPECT_TRUE(file.closed);
  EXPECT_FALSE(stats->files[1].closed);
  EXPECT_EQ(file.records, 40100u);
  EXPECT_GE(file.blocks, 2u);
  EXPECT_GE(file.block_records, 40000u);
  EXPECT_EQ(stats->files[1].records, 300u);
  std::uint64_t sum = 0;
  bool has_index = false;
  for (const auto& [name, bytes] : file.columns) {
    sum += bytes;
    has_index = has_index || (name == "index" && bytes != 0);
  }
  EXPECT_EQ(sum, file.bytes);
  EXPECT_TRUE(has_index);
}

TEST_F(StatsTest, ReceivedOctetsAreEstimated) {
  Open();
  MustAppend(std::vector<std::string>(5000, std::string(90, 'x')));
  const auto stats = MeasureStore(*store_, options_.dir, std::atomic<bool>(false));
  ASSERT_TRUE(stats.has_value());
  EXPECT_EQ(stats->files[0].received_bytes, 5000u * 90);
}

TEST_F(StatsTest, StopsWhenCancelled) {
  Open();
  MustAppend({"a"});
  const auto stats = MeasureStore(*store_, options_.dir, std::atomic<bool>(true));
  ASSERT_FALSE(stats.has_value());
  EXPECT_EQ(stats.error(), StoreErrc::kCancelled);
}

}  // namespace
}  // namespace cistern::testing
