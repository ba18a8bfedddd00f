#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

using Kind = EventChange::Kind;

TEST(LimitTest, BucketLetsRateThroughAndBurstAtOnce) {
  IngestBench bench("- {name: l, limit: {rate: 10, burst: 3}}");
  for (int i = 0; i < 5; ++i) bench.Add("m", 0);
  for (int i = 1; i <= 10; ++i) bench.Add("m", 1 + i * 0.1);
  bench.Apply();
  EXPECT_EQ(bench.records().size(), 3u + 10u);
  EXPECT_EQ(bench.figures().dropped, 2u);
}

TEST(LimitTest, EachPeerHasABucketOfItsOwn) {
  IngestBench bench("- {name: l, limit: {rate: 1}}");
  for (int i = 0; i < 3; ++i) bench.Add("m", 0, "192.0.2.1");
  bench.Add("m", 0, "192.0.2.2");
  bench.Apply();
  EXPECT_EQ(bench.records().size(), 2u);
}

TEST(LimitTest, BeginAndEndAreTold) {
  IngestBench bench("- {name: l, limit: {rate: 1, by: [hostname, app_name], quiet: 10s}}");
  for (int i = 0; i < 5; ++i) bench.Add("<13>1 - web,1 app - - - m", i * 0.01);
  bench.Apply();
  ASSERT_EQ(bench.events().size(), 1u);
  const EventChange& begin = bench.events()[0];
  EXPECT_EQ(begin.kind, Kind::kRaise);
  EXPECT_EQ(begin.event.rule(), "l");
  EXPECT_EQ(begin.event.key(), "web\\,1,app");
  EXPECT_EQ(begin.event.count(), 1u);
  bench.Tick(9);
  EXPECT_EQ(bench.events().size(), 1u);
  bench.Tick(11);
  ASSERT_EQ(bench.events().size(), 3u);
  EXPECT_EQ(bench.events()[1].kind, Kind::kAdd);
  EXPECT_EQ(bench.events()[1].event.count(), 3u);
  EXPECT_EQ(bench.events()[2].kind, Kind::kResolve);
  EXPECT_EQ(bench.events()[2].event.fields().at("dropped"), "4");
  bench.Tick(30);
  EXPECT_EQ(bench.events().size(), 3u);
}

TEST(LimitTest, SevereRecordsAreKept) {
  IngestBench bench("- {name: l, limit: {rate: 1, keep_severity: err}}");
  for (int i = 0; i < 3; ++i) bench.Add("<11>1 - h a - - - bad");
  for (int i = 0; i < 3; ++i) bench.Add("<14>1 - h a - - - fine");
  bench.Apply();
  EXPECT_EQ(bench.records().size(), 4u);
}

TEST(LimitTest, ForgedSendersFillNeitherMemoryNorEvents) {
  IngestBench bench("- {name: l, limit: {rate: 1, max_keys: 1000}}");
  for (int i = 0; i < 5000; ++i) {
    const std::string peer = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    bench.Add("m", 0, peer);
    bench.Add("m", 0, peer);
  }
  bench.Apply();
  bench.Tick(0);
  EXPECT_EQ(bench.records().size(), 5000u);
  EXPECT_EQ(bench.figures().evicted, 4000u);
  EXPECT_LE(bench.events().size(), 200u);
  EXPECT_LT(bench.figures().state_bytes, 1u << 20);
}

TEST(LimitTest, ClockThatGoesBackDoesNotBlock) {
  IngestBench bench("- {name: l, limit: {rate: 1}}");
  bench.Add("m", 10'000);
  bench.Add("m", 10'000);
  bench.Add("m", 0);
  bench.Add("m", 1.5);
  bench.Apply();
  EXPECT_EQ(bench.records().size(), 2u);
}

}  // namespace
}  // namespace cistern
