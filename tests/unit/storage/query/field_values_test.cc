#include <gtest/gtest.h>

#include "tests/unit/storage/filter/sample.h"
#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

using Found = std::vector<std::pair<std::uint32_t, std::string>>;

Found ValuesOf(std::string_view field, const std::vector<Record>& records) {
  RecordsView view(records);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < records.size(); ++row) rows.push_back(row);
  Found found;
  FieldValues(view, *ParseField(field), rows,
              [&](std::uint32_t row, std::string_view value) { found.emplace_back(row, value); });
  return found;
}

struct FieldValueCase {
  const char* field;
  std::vector<std::string> values;
};

TEST(FieldValuesTest, EveryFieldPrintsAsInTheOutput) {
  const FieldValueCase cases[] = {
      {"id", {"42"}},
      {"time", {"2026-11-19T10:00:00.000000000Z"}},
      {"received", {"2026-11-19T10:00:01.500000000Z"}},
      {"host", {"Web-01"}},
      {"app", {"sshd"}},
      {"procid", {"1234"}},
      {"msgid", {"ID47"}},
      {"facility", {"auth"}},
      {"severity", {"err"}},
      {"peer", {"10.1.2.3"}},
      {"port", {"50123"}},
      {"transport", {"tls"}},
      {"listener", {"tls-main"}},
      {"tls_identity", {"web-01.example.com"}},
      {"format", {"rfc5424"}},
      {"flags", {"truncated", "bom"}},
      {"raw", {"<35>1 ... Failed password RAWONLY"}},
      {"tag.user", {"Bob", "admin"}},
      {"sd.origin.ip", {"192.0.2.1", "192.0.2.129"}},
      {"sd.exampleSDID@32473.eventSource", {"App \"x\""}},
      {"tag.none", {}},
      {"json.a", {}},
  };
  for (const auto& [field, values] : cases) {
    std::vector<std::string> found;
    for (const auto& [row, value] : ValuesOf(field, {SampleRecord()})) found.push_back(value);
    EXPECT_EQ(found, values) << field;
  }
}

TEST(FieldValuesTest, AbsentValuesAreLeftOut) {
  for (const char* field :
       {"time", "host", "peer", "port", "transport", "flags", "msg", "tag.a", "sd.a.b", "cef.a"}) {
    EXPECT_TRUE(ValuesOf(field, {Record()}).empty()) << field;
  }
}

TEST(FieldValuesTest, RowsKeepTheirNumbers) {
  Record json;
  json.message = R"({"a":{"b":1.50}})";
  EXPECT_EQ(ValuesOf("json.a.b", {Record(), json}), (Found{{1, "1.50"}}));
}

TEST(FieldValuesTest, TimesBeforeTheEpochPrint) {
  Record record;
  record.received = -1;
  EXPECT_EQ(ValuesOf("received", {record}), (Found{{0, "1969-12-31T23:59:59.999999999Z"}}));
}

}  // namespace
}  // namespace cistern
