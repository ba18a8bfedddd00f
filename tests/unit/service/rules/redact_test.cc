#include <gtest/gtest.h>

#include "ingest/message/shape.h"
#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

std::string Octets(const Record& record) {
  std::string octets;
  RebuildRaw(record, octets);
  return octets;
}

// Everything a store would keep of a record, one behind the other.
std::string Everything(const Record& record) {
  std::string all = Octets(record);
  for (const auto text : {record.message, record.structured_data, record.raw, record.tags, record.app_name,
                          record.procid, record.msgid, record.hostname})
    all.append(text) += '\n';
  return all;
}

constexpr char kAddresses[] = "- {name: r, redact: {what: [ipv4]}}";

TEST(RedactTest, MessageAndStructuredDataAreHiddenWithTheOctets) {
  IngestBench bench(kAddresses);
  bench.Add(
      "<13>1 2026-05-28T20:26:40Z h a 1 ID [x@1 ip=\"192.0.2.77\" b=\"\\\"192.0.2.78\\\"\"] from 192.0.2.79");
  bench.Apply();
  const Record& record = bench.records()[0];
  EXPECT_EQ(Everything(record).find("192.0.2.7"), std::string::npos) << Everything(record);
  EXPECT_EQ(Octets(record),
            "<13>1 2026-05-28T20:26:40Z h a 1 ID [x@1 ip=\"[ipv4\\]\" b=\"\\\"[ipv4\\]\\\"\"] from [ipv4]");
  EXPECT_EQ(bench.tag(0, "redacted"), "ipv4");
}

TEST(RedactTest, OctetsThatAreKeptAreHiddenAtTheSamePlaces) {
  IngestBench bench(R"(- {name: r, redact: {patterns: ['(?:^|=)(\w+)!']}})");
  bench.Add("<13>1 2026-05-28T20:26:40 h a 1 ID [x@1 ip=\"k=secret!\"] start! and u=other!");
  bench.Apply();
  const Record& record = bench.records()[0];
  ASSERT_EQ(record.shape.code, kShapeRaw);
  for (const char* secret : {"secret", "start", "other"})
    EXPECT_EQ(Everything(record).find(secret), std::string::npos) << Everything(record);
}

TEST(RedactTest, FieldsThatAnEarlierRuleChangedAreFoundInTheOctets) {
  IngestBench bench(R"(
- {name: a, order: 1, set: {fields: {hostname: x}}}
- {name: b, order: 2, extract: {pattern: 'token=(?P<token>\w+)'}}
- {name: c, order: 3, redact: {patterns: ['token=(\w+)', '^[a-f0-9]{6}$']}}
- {name: d, order: 4, redact: {what: [user], with: mask}}
)");
  bench.Add("<13>May 28 20:26:40 host app[3]: token=abc123 for user bob");
  bench.Apply();
  const Record& record = bench.records()[0];
  EXPECT_EQ(Everything(record).find("abc123"), std::string::npos) << Everything(record);
  EXPECT_EQ(Everything(record).find("bob"), std::string::npos) << Everything(record);
  EXPECT_EQ(Octets(record), "<13>May 28 20:26:40 host app[3]: token=[pattern] for user ***");
  EXPECT_EQ(bench.tag(0, "redacted"), "user,pattern");
  EXPECT_EQ(bench.tag(0, "token"), "[pattern]");
}

TEST(RedactTest, NamesOfTagsThatTextsGaveAreHidden) {
  IngestBench bench(R"(
- {name: a, order: 1, extract: {key_value: {}}}
- {name: b, order: 2, redact: {what: [email]}}
)");
  bench.Add("<13>1 - h a - - - bob@example.com=1 plain=2");
  bench.Apply();
  EXPECT_EQ(std::string(bench.records()[0].tags).find("bob"), std::string::npos);
  EXPECT_EQ(bench.tag(0, "plain"), "2");
  EXPECT_EQ(bench.tag(0, "[email]"), "1");
}

TEST(RedactTest, ManyValuesInKeptOctetsLeaveNoneOfThem) {
  IngestBench bench(R"(
- {name: a, order: 1, set: {fields: {message: '{{message}} '}}}
- {name: b, order: 2, redact: {patterns: ['x\d+']}}
)");
  std::string message = "<13>May 28 20:26:40 host app: ";
  for (int i = 0; i < 100; ++i) message += "x" + std::to_string(1000 + i) + " ";
  bench.Add(message);
  bench.Apply();
  EXPECT_EQ(Everything(bench.records()[0]).find("x10"), std::string::npos) << Everything(bench.records()[0]);
}

TEST(RedactTest, HashesAreEqualForEqualValuesOfOneStore) {
  const auto hash = [](const std::string& secret, const char* message) {
    IngestBench bench("- {name: r, redact: {what: [ipv4], with: hash}}", secret);
    bench.Add(message);
    bench.Apply();
    return std::string(bench.records()[0].message);
  };
  const std::string one = hash("s", "192.0.2.1");
  EXPECT_EQ(one.size(), 8u);
  EXPECT_EQ(hash("s", "192.0.2.1 192.0.2.1"), one + " " + one);
  EXPECT_NE(hash("s", "192.0.2.2"), one);
  EXPECT_NE(hash("other", "192.0.2.1"), one);
}

TEST(RedactTest, HostnameIsHiddenWhenAskedFor) {
  IngestBench bench("- {name: r, redact: {what: [ipv4], hostname: true}}"), without(kAddresses);
  for (IngestBench* each : {&bench, &without}) {
    each->Add("<13>May 28 20:26:40 192.0.2.9 app: m");
    each->Apply();
  }
  EXPECT_EQ(Octets(bench.records()[0]), "<13>May 28 20:26:40 [ipv4] app: m");
  EXPECT_EQ(Octets(without.records()[0]), "<13>May 28 20:26:40 192.0.2.9 app: m");
  EXPECT_EQ(without.figures().changed, 0u);
}

TEST(RedactTest, RecordWithoutPrivateDataStaysAsItWas) {
  IngestBench bench(kAddresses);
  bench.Add("<13>May 28 20:26:40 host app: nothing");
  bench.Apply();
  EXPECT_EQ(bench.tag(0, "redacted"), "(none)");
  EXPECT_EQ(Octets(bench.records()[0]), "<13>May 28 20:26:40 host app: nothing");
}

// Each match could read to the end of the text.
TEST(RedactTest, PatternThatMatchesTooOftenHidesTheRest) {
  IngestBench bench("- {name: r, redact: {patterns: ['a.*b|a']}}");
  bench.Add(std::string(60'000, 'a'));
  bench.Apply();
  EXPECT_EQ(bench.records()[0].message.find("aa"), std::string_view::npos);
}

}  // namespace
}  // namespace cistern
