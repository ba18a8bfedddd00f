// Many filters at once against each alone.
#include "storage/filter/filter_set.h"

#include <gtest/gtest.h>

#include "ingest/message/tags.h"
#include "tests/unit/storage/filter/generator.h"

namespace cistern {
namespace {

using naive::Generator;

using RowLists = std::vector<std::vector<std::uint32_t>>;

RowLists EachAlone(const std::vector<Filter>& filters, BatchView& view, const Selection* among) {
  RowLists rows;
  Selection selected;
  for (const Filter& filter : filters) {
    filter.Evaluate(view, selected);
    auto& list = rows.emplace_back();
    for (std::uint32_t row = 0; row < selected.size(); ++row) {
      if (selected[row] && (!among || (*among)[row])) list.push_back(row);
    }
  }
  return rows;
}

class FilterSetDifferential : public testing::TestWithParam<unsigned> {};

TEST_P(FilterSetDifferential, AgreesWithEachFilterAlone) {
  Generator generator(GetParam());
  std::vector<Record> records;
  while (records.size() < 300) generator.AddRecord(records);
  std::vector<Filter> filters;
  while (filters.size() < 500)
    filters.push_back(
        *Filter::Parse(naive::Print(generator.AnyExpr(records, static_cast<int>(generator.Below(3))))));
  RecordsView view{std::span<const Record>(records)};
  Selection among;
  for (std::size_t i = 0; i < records.size(); ++i) among.push_back(generator.OneIn(2) ? 1 : 0);
  const FilterSet set(filters);
  RowLists rows;
  for (const Selection* selection :
       {static_cast<const Selection*>(nullptr), static_cast<const Selection*>(&among)}) {
    const RowLists expected = EachAlone(filters, view, selection);
    set.Match(view, selection, nullptr, rows);
    for (std::size_t i = 0; i < filters.size(); ++i) ASSERT_EQ(rows[i], expected[i]) << filters[i].ToString();
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, FilterSetDifferential, testing::Range(1u, 21u));

struct SetCase {
  const char* filter;
  std::vector<std::uint32_t> rows;
};

TEST(FilterSetTest, EachKindOfNeedFindsItsRows) {
  std::vector<Record> records(4);
  records[0].message = "Failed password for root";
  records[1].message = "error: passwords do not match";
  records[2].message = "CEF:0|v|p|1|id|name|5|src=192.0.2.1";
  records[0].hostname = records[3].hostname = "Web-1";
  records[1].peer = *IpAddress::Parse("10.1.2.3");
  records[2].peer = *IpAddress::Parse("2001:db8::1");
  records[3].severity = 2;
  std::string tags;
  AppendTag(tags, "unit", "x");
  AppendTag(tags, "site", "Here");
  records[1].tags = tags;
  const std::vector<SetCase> cases{{"tag.site:here", {1}},
                                   {"tag.site:there", {}},
                                   {"tag.Site:here", {}},
                                   {"tag.site:h*", {1}},
                                   {"tag.unit:x password", {}},
                                   {"tag.site:HERE OR password", {0, 1}},
                                   {"password", {0}},
                                   {"password*", {0, 1}},
                                   {"FAILED password", {0}},
                                   {"host:web-1", {0, 3}},
                                   {"host:\"\"", {1, 2}},
                                   {"peer:10.0.0.0/8", {1}},
                                   {"peer:2001:db8::/32 cef.src:192.0.2.1", {2}},
                                   {"severity:>=crit", {3}},
                                   {"severity:crit OR root", {0, 3}},
                                   {"root OR failed", {0}},
                                   {"msg:/pass(word|words) do/", {1}},
                                   {"msg:/(?:root|match)$/", {0, 1}},
                                   {"NOT password", {1, 2, 3}},
                                   {"", {0, 1, 2, 3}},
                                   {"x", {}}};
  std::vector<Filter> filters;
  for (const SetCase& each : cases) {
    auto filter = Filter::Parse(each.filter);
    ASSERT_TRUE(filter.has_value()) << each.filter << ": " << filter.error().ToString();
    filters.push_back(*filter);
  }
  RecordsView view{std::span<const Record>(records)};
  RowLists rows;
  FilterSet(filters).Match(view, nullptr, nullptr, rows);
  for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(rows[i], cases[i].rows) << cases[i].filter;
}

TEST(FilterSetTest, LongMessagesAndManyOfThemAreScannedWhole) {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i)
    texts.push_back(std::string(static_cast<std::size_t>(i) * 700, ' ') + "needle");
  std::vector<Record> records(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) records[i].message = texts[i];
  RecordsView view{std::span<const Record>(records)};
  RowLists rows;
  FilterSet({*Filter::Parse("needle"), *Filter::Parse("needleneedle")}).Match(view, nullptr, nullptr, rows);
  EXPECT_EQ(rows[0].size(), records.size());
  EXPECT_TRUE(rows[1].empty());
}

TEST(FilterSetTest, NoFiltersAndNoRowsAreNoError) {
  RecordsView none{std::span<const Record>()};
  RowLists rows(3);
  FilterSet({}).Match(none, nullptr, nullptr, rows);
  EXPECT_TRUE(rows.empty());
  FilterSet({*Filter::Parse("a")}).Match(none, nullptr, nullptr, rows);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0].empty());
}

}  // namespace
}  // namespace cistern
