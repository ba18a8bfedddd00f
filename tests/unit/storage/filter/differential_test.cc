// Random filters, made from the records they search, against a naive evaluator. Every run is the same: seeds
// are fixed, and a failure prints the filter and the record.
#include <gtest/gtest.h>

#include "storage/filter/filter.h"
#include "tests/unit/storage/filter/generator.h"

namespace cistern {
namespace {

using naive::Expr;
using naive::Generator;

// The same records with strings behind codes, as a stored batch holds them.
class CodedView final : public BatchView {
 public:
  explicit CodedView(std::span<const Record> records) : plain_(records) {}
  std::size_t size() const override { return plain_.size(); }
  std::span<const std::int64_t> Ints(Column column) override { return plain_.Ints(column); }
  StringColumn Strings(Column column) override {
    const StringColumn plain = plain_.Strings(column);
    auto& [values, codes] = columns_[static_cast<std::size_t>(column)];
    for (std::size_t row = codes.size(); row < size(); ++row) {
      const auto known = std::find(values.begin(), values.end(), plain[row]);
      codes.push_back(static_cast<std::uint32_t>(known - values.begin()));
      if (known == values.end()) values.push_back(plain[row]);
    }
    return {values, codes};
  }
  PeerColumn Peers() override { return plain_.Peers(); }
  Record Row(std::size_t row) override { return plain_.Row(row); }

 private:
  struct Coded {
    std::vector<std::string_view> values;
    std::vector<std::uint32_t> codes;
  };
  RecordsView plain_;
  Coded columns_[static_cast<std::size_t>(Column::kPeer) + 1];
};

class FilterDifferential : public testing::TestWithParam<unsigned> {};

TEST_P(FilterDifferential, AgreesWithTheNaiveEvaluator) {
  Generator generator(GetParam());
  std::vector<Record> records;
  while (records.size() < 150) generator.AddRecord(records);
  RecordsView plain(records);
  CodedView coded(records);
  std::size_t matched = 0;
  for (int round = 0; round < 500; ++round) {
    const Expr expr = generator.AnyExpr(records, 3);
    const std::string text = naive::Print(expr);
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter) << text << "\n" << filter.error().ToString();
    const auto again = Filter::Parse(filter->ToString());
    ASSERT_TRUE(again) << text << "\n" << filter->ToString() << "\n" << again.error().ToString();
    Selection selection, from_codes, from_canonical;
    filter->Evaluate(plain, selection);
    filter->Evaluate(coded, from_codes);
    again->Evaluate(plain, from_canonical);
    ASSERT_EQ(selection, from_codes) << text;
    ASSERT_EQ(selection, from_canonical) << text << "\n" << filter->ToString();
    for (std::size_t row = 0; row < records.size(); ++row) {
      ASSERT_EQ(selection[row] != 0, naive::Matches(expr, records[row])) << text << "\n"
                                                                         << records[row].message;
      matched += selection[row];
      const auto& bounds = filter->bounds();
      if (selection[row]) {
        ASSERT_TRUE(ToInt(records[row].id) >= bounds.id_min && ToInt(records[row].id) <= bounds.id_max);
        ASSERT_TRUE(records[row].received >= bounds.received_min &&
                    records[row].received <= bounds.received_max);
      }
    }
  }
  // Filters that match nothing or everything would prove little.
  EXPECT_GT(matched, 500u * records.size() / 20);
  EXPECT_LT(matched, 500u * records.size() * 19 / 20);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FilterDifferential, testing::Range(1u, 13u));

}  // namespace
}  // namespace cistern
