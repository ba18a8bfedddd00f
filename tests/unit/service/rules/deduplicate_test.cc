#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/message/rfc5424_text.h"
#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

using testing::ElementsAre;

constexpr char kOneMinute[] = "- {name: d, deduplicate: {}}";

TEST(DeduplicateTest, EqualRecordsBecomeOneWithTheirNumber) {
  IngestBench bench(kOneMinute);
  for (const double second : {0., 1., 2.}) bench.Add("<11>1 - h app 7 ID - it hangs", second);
  bench.Add("<11>1 - other app 7 ID - it hangs", 3);
  bench.Apply();
  bench.Tick(59);
  EXPECT_THAT(bench.messages(), ElementsAre("it hangs", "it hangs"));
  bench.Tick(61);
  ASSERT_THAT(bench.messages(), ElementsAre("it hangs", "it hangs", "message repeated 2 times: [it hangs]"));
  const Record& made = bench.records()[2];
  EXPECT_EQ(made.hostname, "h");
  EXPECT_EQ(made.app_name, "app");
  EXPECT_EQ(made.severity, 3);
  EXPECT_EQ(made.transport, Transport::kInternal);
  EXPECT_EQ(made.received, kTestStart + 2 * kTestSecond);
  EXPECT_EQ(bench.tag(2, "repeat.count"), "2");
  EXPECT_EQ(bench.tag(2, "repeat.first"), "2026-05-28T20:26:40.000000000Z");
  EXPECT_EQ(bench.tag(2, "repeat.last"), "2026-05-28T20:26:42.000000000Z");
  EXPECT_EQ(bench.outcome().dropped, 2u);
  EXPECT_EQ(bench.outcome().made, 1u);
  std::string text;
  RenderRfc5424(made, text);
  EXPECT_EQ(text, "<11>1 2026-05-28T20:26:42Z h app 7 ID - message repeated 2 times: [it hangs]");
}

TEST(DeduplicateTest, RecordBehindTheWindowEndsIt) {
  IngestBench bench(kOneMinute);
  for (const double second : {0., 59., 60., 61., 200.}) bench.Add("m", second);
  bench.Apply();
  EXPECT_THAT(bench.messages(),
              ElementsAre("m", "m", "m", "message repeated 1 times: [m]", "message repeated 1 times: [m]"));
}

TEST(DeduplicateTest, DecisionsDoNotDependOnTicks) {
  IngestBench often(kOneMinute), never(kOneMinute);
  for (int i = 0; i < 400; ++i) {
    often.Add("m", i);
    often.Apply();
    often.Tick(i);
    never.Add("m", i);
  }
  never.Apply();
  const auto plain = [](const IngestBench& bench) {
    return std::count_if(bench.records().begin(), bench.records().end(),
                         [](const Record& record) { return record.transport == Transport::kUdp; });
  };
  EXPECT_EQ(plain(often), 7);
  EXPECT_EQ(plain(never), 7);
}

TEST(DeduplicateTest, OldestWindowsEndEarlyWhenThereAreTooMany) {
  IngestBench bench("- {name: d, deduplicate: {max_keys: 2, by: [message]}}");
  for (const char* text : {"a", "a", "b", "c", "a"}) bench.Add(text);
  bench.Apply();
  EXPECT_THAT(bench.messages(), ElementsAre("a", "b", "c", "a", "message repeated 1 times: [a]"));
  bench.Tick(0);
  EXPECT_EQ(bench.figures().evicted, 2u);
}

TEST(DeduplicateTest, TextsThatAreKeptAreBounded) {
  IngestBench bench("- {name: d, deduplicate: {}}");
  for (int i = 0; i < 600; ++i) {
    const std::string text = std::to_string(i) + std::string(60'000, 'x');
    bench.Add(text);
    bench.Add(text);
    bench.Apply();
  }
  bench.Tick(0);
  EXPECT_LT(bench.figures().state_bytes, 20u << 20);
  EXPECT_GT(bench.figures().evicted, 200u);
}

TEST(DeduplicateTest, WhatIsMadeIsSeenByLaterRulesOnly) {
  IngestBench bench(R"(
- {name: before, order: 1, tag: {tags: {before: x}}}
- {name: d, order: 2, deduplicate: {by: [message]}}
- {name: redact, order: 3, redact: {what: [ipv4]}}
)");
  bench.Add("from 192.0.2.7");
  bench.Add("from 192.0.2.7");
  bench.Apply();
  bench.Finish();
  ASSERT_THAT(bench.messages(), ElementsAre("from [ipv4]", "message repeated 1 times: [from [ipv4]]"));
  EXPECT_EQ(bench.tag(1, "before"), "(none)");
  EXPECT_EQ(bench.tag(1, "redacted"), "ipv4");
}

TEST(DeduplicateTest, ClockThatGoesBackBeginsAnew) {
  IngestBench bench(kOneMinute);
  bench.Add("m", 1000);
  bench.Add("m", 990);
  bench.Add("m", 0);
  bench.Apply();
  EXPECT_THAT(bench.messages(), ElementsAre("m", "m", "message repeated 1 times: [m]"));
}

}  // namespace
}  // namespace cistern
