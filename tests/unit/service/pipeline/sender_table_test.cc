#include "service/pipeline/sender_table.h"

#include <gtest/gtest.h>

#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

TEST(SenderTableTest, CountsByPeerAndHostMostRecentFirst) {
  RecordBatch batch;
  AddMessage(batch, "<13>Nov 20 10:00:00 alpha app: one", "192.0.2.1");
  AddMessage(batch, "<13>Nov 20 10:00:00 beta app: two", "192.0.2.1");
  AddMessage(batch, "<13>Nov 20 10:00:00 alpha app: three", "192.0.2.1");
  AddMessage(batch, "no header at all", "192.0.2.2");
  SenderTable table;
  table.Observe(batch);
  std::size_t total = 0;
  const auto rows = table.List(0, 10, "", &total);
  ASSERT_EQ(total, 3u);
  EXPECT_EQ(rows[0].peer.ToString(), "192.0.2.2");
  EXPECT_EQ(rows[0].parse_failures, 1u);
  EXPECT_EQ(rows[1].hostname, "alpha");
  EXPECT_EQ(rows[1].messages, 2u);
  EXPECT_TRUE(rows[1].clock_skew.has_value());
}

TEST(SenderTableTest, MatchLooksAtAddressAndHostInAnyCase) {
  RecordBatch batch;
  AddMessage(batch, "<13>Nov 20 10:00:00 Web-1 app: x", "192.0.2.1");
  AddMessage(batch, "<13>Nov 20 10:00:00 db app: x", "198.51.100.7");
  SenderTable table;
  table.Observe(batch);
  EXPECT_EQ(table.List(0, 10, "wEB", nullptr).size(), 1u);
  EXPECT_EQ(table.List(0, 10, "198.51", nullptr).size(), 1u);
  EXPECT_EQ(table.List(0, 10, "nobody", nullptr).size(), 0u);
}

TEST(SenderTableTest, ForgedNamesDoNotGrowItWithoutBound) {
  SenderTable table;
  RecordBatch batch;
  for (std::size_t i = 0; i < SenderTable::kCapacity + 100; ++i) {
    Record& record = batch.records().emplace_back();
    record.hostname = batch.arena().Copy("host" + std::to_string(i));
  }
  table.Observe(batch);
  EXPECT_EQ(table.size(), SenderTable::kCapacity);
  const auto newest = table.List(0, 1, "", nullptr);
  EXPECT_EQ(newest[0].hostname, "host" + std::to_string(SenderTable::kCapacity + 99));
  EXPECT_TRUE(table.List(0, 1, "host99x", nullptr).empty());
}

}  // namespace
}  // namespace cistern
