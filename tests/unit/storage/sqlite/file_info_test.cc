#include "storage/sqlite/file_info.h"

#include <gtest/gtest.h>

#include "storage/sqlite/catalog.h"

namespace cistern {
namespace {

TEST(LogFileName, NamesNumberAndDay) {
  EXPECT_EQ(LogFileName(7, 1'795'176'000 * kNsPerSecond), "000007-2026-11-20.db");
  EXPECT_EQ(LogFileName(12'345'678, 0), "12345678-1970-01-01.db");
  EXPECT_EQ(LogFileName(1, -1), "000001-1969-12-31.db");
  const auto id = ParseLogFileName("000007-2026-11-20.db");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->number, 7u);
  EXPECT_EQ(id->day, DayOf(1'795'176'000 * kNsPerSecond));
  EXPECT_FALSE(id->damaged);
  EXPECT_TRUE(ParseLogFileName("000007-2026-11-20.db.damaged")->damaged);
}

TEST(LogFileName, OtherNamesAreNotOurs) {
  for (const char* name :
       {"", "x", "000007-2026-11-20.db-wal", "000007-2026-13-20.db", "-2026-11-20.db", "a-2026-11-20.db",
        "000007-2026-11-20", "000007-2026-11-2x.db", "catalog.db", "000007.db"})
    EXPECT_FALSE(ParseLogFileName(name).has_value()) << name;
}

TEST(AddGone, JoinsRunsThatFollowEachOther) {
  std::vector<Gap> gone;
  const auto run = [](std::uint64_t first, std::uint64_t last) {
    return Gap{RecordId{first}, RecordId{last}, last - first + 1};
  };
  AddGone(gone, run(10, 19));
  AddGone(gone, run(1, 3));
  AddGone(gone, run(20, 29));
  AddGone(gone, run(100, 100));
  ASSERT_EQ(gone.size(), 3u);
  EXPECT_EQ(ToInt(gone[0].first), 1u);
  EXPECT_EQ(gone[1].records, 20u);
  EXPECT_EQ(ToInt(gone[1].last), 29u);
}

}  // namespace
}  // namespace cistern
