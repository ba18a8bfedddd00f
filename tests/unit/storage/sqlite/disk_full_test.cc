// A full disk, by RLIMIT_FSIZE: no file may grow beyond the limit, so writes fail as they do
// when space runs out.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::kNoon;

void LimitFileSize(rlim_t bytes) {
  const rlimit limit{bytes, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

class DiskFullTest : public testing::StoreTest {
 protected:
  DiskFullTest() { ::signal(SIGXFSZ, SIG_IGN); }
  ~DiskFullTest() override { LimitFileSize(RLIM_INFINITY); }
  std::string Noise(std::size_t size) {
    std::string noise(size, '\0');
    for (char& octet : noise) octet = static_cast<char>(random_());
    return noise;
  }
  std::mt19937_64 random_{1};
};

TEST_F(DiskFullTest, AppendFailsWholeAndGoesOnWhenThereIsSpace) {
  options_.recent_bytes = 0;
  Open();
  MustAppend({"a"});
  LimitFileSize(200'000);
  const std::string noise = Noise(300'000);
  EXPECT_EQ(Append({"before", noise}).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_EQ(Append({noise}).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  LimitFileSize(RLIM_INFINITY);
  EXPECT_TRUE(store_->CheckWritable());
  MustAppend({"b", noise});
  EXPECT_TRUE(ReadAll() == (std::vector<std::string>{"a", "b", noise}));
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3));
  Crash();
  Open();
  EXPECT_TRUE(ReadAll() == (std::vector<std::string>{"a", "b", noise}));
}

TEST_F(DiskFullTest, NewFileThatDoesNotFitIsTriedAgain) {
  Open();
  MustAppend({"a"});
  LimitFileSize(10'000);
  EXPECT_EQ(Append({"b"}, kNoon + kDay).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_EQ(Append({"b"}, kNoon + kDay).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
  LimitFileSize(RLIM_INFINITY);
  MustAppend({"b"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
  store_->Idle();
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(DiskFullTest, RetentionStillDeletes) {
  Open();
  for (int i = 0; i < 3; ++i) MustAppend({std::to_string(i)}, kNoon + i * kDay);
  LimitFileSize(1);
  store_->SetRetention({.max_bytes = 1});
  EXPECT_EQ((*store_->ApplyRetention()).size(), 2u);
  EXPECT_EQ(LogFiles().size(), 1u);
  LimitFileSize(RLIM_INFINITY);
  Crash();
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre("2"));
}

TEST_F(DiskFullTest, StartsWhenFullAndReadsWhatIsThere) {
  Open();
  MustAppend({"a"});
  MustAppend({"b"}, kNoon + kDay);
  Crash();
  LimitFileSize(1);
  Open();
  EXPECT_EQ(Append({"c"}, kNoon + kDay).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_EQ(ReadAll().front(), "a");
  LimitFileSize(RLIM_INFINITY);
  MustAppend({"c"}, kNoon + kDay);
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b", "c"));
}

TEST_F(DiskFullTest, ReserveIsLeftToOthers) {
  options_.free_space_reserve = 1.1;  // no disk has that much
  Open();
  EXPECT_EQ(Append({"a"}).error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_EQ(store_->CheckWritable().error(), make_error_code(StoreErrc::kDiskFull));
  EXPECT_EQ(store_->last_id(), RecordId{0});
}

}  // namespace
}  // namespace cistern
