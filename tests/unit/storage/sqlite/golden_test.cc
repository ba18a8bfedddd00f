// Files of older releases stay readable for ever. golden/vN holds a store as release N's schema was written.
#include <gmock/gmock.h>
#include <zstd.h>

#include <fstream>
#include <sstream>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using testing::kDay;
using testing::kNoon;
using testing::kSecond;

std::string Unpacked(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream packed;
  packed << file.rdbuf();
  const std::string octets = packed.str();
  std::string out(1 << 20, '\0');
  out.resize(ZSTD_decompress(out.data(), out.size(), octets.data(), octets.size()));
  return out;
}

class GoldenTest : public testing::StoreTest {
 protected:
  // Ten records in five commits on the first day, three on the second.
  void UnpackVersion1() {
    std::filesystem::create_directories(options_.dir + "/logs");
    for (const auto& entry : std::filesystem::directory_iterator(CISTERN_GOLDEN_DIR "/v1")) {
      const std::string name = entry.path().stem();
      const std::string path = name == "catalog.db" ? options_.dir + "/" + name : LogPath(name);
      std::ofstream(path, std::ios::binary) << Unpacked(entry.path());
    }
    now_ = kNoon + kDay + 60 * kSecond;
  }
};

TEST_F(GoldenTest, StoreOfVersion1IsReadAndContinuedInANewFile) {
  UnpackVersion1();
  Open();
  EXPECT_THAT(warnings_, ElementsAre());
  EXPECT_EQ(ToInt(store_->last_id()), 13u);
  EXPECT_EQ(store_->GetCursor("target"), RecordId{7});
  EXPECT_EQ(store_->LastSequence("client"), 12u);
  ASSERT_TRUE(Append({"third"}, 0, {{"client", 20}}));
  EXPECT_THAT(LogFiles(),
              ElementsAre("000001-2026-11-20.db", "000002-2026-11-21.db", "000003-2026-11-21.db"));
  const std::vector<std::string> all = ReadAll();
  EXPECT_THAT(all, ElementsAre("first day 0", "port 4000", "first day 1", "port 4001", "first day 2",
                               "port 4002", "first day 3", "port 4003", "first day 4", "port 4004",
                               "second day 0", "second day 1", "second day 2", "third"));
  EXPECT_EQ(ids_.back(), 14u);
  EXPECT_EQ(ReadAll({.order = ScanOrder::kNewestFirst}).front(), "third");
  EXPECT_THAT(ReadAll({.received_min = kNoon + 3 * kSecond, .received_max = kNoon + 3 * kSecond}),
              ElementsAre("first day 3", "port 4003"));
  Open();
  EXPECT_EQ(ReadAll(), all);
  EXPECT_EQ(store_->LastSequence("client"), 20u);
  EXPECT_THAT(warnings_, ElementsAre());
}

TEST_F(GoldenTest, RetentionTakesFilesOfVersion1) {
  UnpackVersion1();
  Open();
  MustAppend({"third"});
  const auto scan = store_->NewScan({.id_min = 1});
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 2u);
  EXPECT_THAT(ReadAll(), ElementsAre("third"));
  const auto behind = store_->NewScan({.id_min = 2});
  EXPECT_THAT(Read(*behind), ElementsAre("third"));
  EXPECT_EQ(behind->TakeGap()->records, 12u);
}

}  // namespace
}  // namespace cistern
