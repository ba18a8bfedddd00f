#include <gtest/gtest.h>

#include "ingest/message/shape.h"
#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

constexpr char kMessage[] = "<13>1 2026-05-28T20:26:40Z h app 1 ID - text";

std::string Octets(const Record& record) {
  std::string octets;
  RebuildRaw(record, octets);
  return octets;
}

TEST(SetTest, FieldsChangeAndOctetsStay) {
  IngestBench bench(R"(- name: s
  set: {fields: {hostname: '{{peer}}', app_name: '{{hostname}}', severity: err, facility: '{{tag.none}}local3',
        message: 'was: {{message}}'}})");
  bench.Add(kMessage);
  bench.Apply();
  const Record& record = bench.records()[0];
  EXPECT_EQ(record.hostname, "192.0.2.1");
  EXPECT_EQ(record.app_name, "h");
  EXPECT_EQ(SeverityName(record.severity), "err");
  EXPECT_EQ(FacilityName(record.facility), "local3");
  EXPECT_EQ(record.message, "was: text");
  EXPECT_EQ(record.shape.code, kShapeRaw);
  EXPECT_EQ(Octets(record), kMessage);
}

TEST(SetTest, ValueThatIsEmptyOrNoneLeavesTheField) {
  IngestBench bench("- {name: s, set: {fields: {hostname: '{{tag.none}}', severity: '{{hostname}}'}}}");
  bench.Add(kMessage);
  bench.Apply();
  EXPECT_EQ(bench.records()[0].hostname, "h");
  EXPECT_EQ(SeverityName(bench.records()[0].severity), "notice");
  EXPECT_NE(bench.records()[0].shape.code, kShapeRaw);
  EXPECT_EQ(bench.figures().changed, 0u);
}

TEST(TagTest, TagsAreAddedAndReplaced) {
  IngestBench bench(R"(
- {name: a, tag: {tags: {one: '1', two: '2'}}}
- {name: b, tag: {tags: {two: 'of {{hostname}} {{tag.one}}'}}}
)");
  bench.Add(kMessage);
  bench.Apply();
  EXPECT_EQ(bench.tag(0, "one"), "1");
  EXPECT_EQ(bench.tag(0, "two"), "of h 1");
  EXPECT_EQ(Octets(bench.records()[0]), kMessage);
}

TEST(TagTest, TagsOfARecordAreBounded) {
  std::string rules;
  for (int i = 0; i < 30; ++i)
    rules +=
        "- {name: r" + std::to_string(i) + ", tag: {tags: {t" + std::to_string(i) + ": '{{message}}'}}}\n";
  IngestBench bench(rules);
  bench.Add(std::string(10'000, 'x'));
  bench.Apply();
  EXPECT_LE(bench.records()[0].tags.size(), 64u << 10);
  EXPECT_EQ(bench.tag(0, "t0").size(), 10'000u);
}

}  // namespace
}  // namespace cistern
