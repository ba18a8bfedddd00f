// Random filters over sealed blocks: what the index says, what the templates say and which rows match,
// against the naive evaluator. Every verdict that is not kSome is a proof, so a single counterexample fails.
#include <gtest/gtest.h>

#include "storage/filter/filter.h"
#include "tests/unit/storage/fake_block.h"
#include "tests/unit/storage/filter/generator.h"
#include "tests/unit/storage/sealed_batch.h"

namespace cistern {
namespace {

using naive::Expr;
using naive::Generator;

constexpr FakeBlockOptions kBlocks[] = {{1, true, true}, {3, true, false}, {2, false, true}};

class BlockDifferential : public testing::TestWithParam<unsigned> {
 protected:
  // What the rows must be: 1 where a row matches.
  Selection Expected(const Expr& expr) const {
    Selection expected;
    for (const Record& record : records_) expected.push_back(naive::Matches(expr, record));
    return expected;
  }
  void CheckVerdicts(const Filter& filter, StoredBatch& block, const Selection& expected);
  void CheckRows(const Filter& filter, StoredBatch& block, const Selection& expected);

  std::vector<Record> records_;
  std::size_t proofs_ = 0, open_ = 0;
};

void BlockDifferential::CheckVerdicts(const Filter& filter, StoredBatch& block, const Selection& expected) {
  const auto matches = static_cast<std::size_t>(std::count(expected.begin(), expected.end(), 1));
  const Verdict whole = filter.JudgeValues(*block.index());
  if (whole == Verdict::kNone || filter.RuledOut(*block.index())) {
    ASSERT_EQ(matches, 0u);
  }
  if (whole == Verdict::kAll) {
    ASSERT_EQ(matches, records_.size());
  }
  std::vector<Verdict> verdicts;
  filter.Judge(*block.index(), verdicts);
  ASSERT_EQ(verdicts.size(), block.index()->Templates().size());
  for (std::size_t row = 0; row < records_.size(); ++row) {
    const Verdict verdict = verdicts[block.Templates()->template_of()[row]];
    ++(verdict == Verdict::kSome ? open_ : proofs_);
    if (verdict == Verdict::kSome) continue;
    ASSERT_EQ(expected[row] != 0, verdict == Verdict::kAll) << records_[row].message;
  }
}

void BlockDifferential::CheckRows(const Filter& filter, StoredBatch& block, const Selection& expected) {
  for (BlockIndex* index : {static_cast<BlockIndex*>(nullptr), block.index()}) {
    Selection selection(records_.size(), 1);
    selection[5] = 0;
    const std::size_t half = records_.size() / 2;
    filter.Narrow(block, selection, half, records_.size(), index);
    filter.Narrow(block, selection, 0, half, index);
    ASSERT_EQ(selection[5], 0);
    selection[5] = expected[5];
    for (std::size_t row = 0; row < records_.size(); ++row)
      ASSERT_EQ(selection[row], expected[row]) << records_[row].message;
  }
}

TEST_P(BlockDifferential, VerdictsAndRowsAgreeWithTheNaiveEvaluator) {
  Generator generator(GetParam());
  while (records_.size() < 160) generator.AddRecord(records_);
  std::vector<std::unique_ptr<StoredBatch>> blocks;
  for (const FakeBlockOptions& options : kBlocks)
    blocks.push_back(std::make_unique<FakeBlock>(records_, options));
  for (int i = 0; i < 3; ++i) blocks.push_back(SealedBatch(records_));
  ASSERT_TRUE(blocks.back());
  for (int round = 0; round < 500; ++round) {
    const Expr expr = generator.AnyExpr(records_, round % 3);
    const std::string text = naive::Print(expr);
    SCOPED_TRACE(text);
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter) << filter.error().ToString();
    const Selection expected = Expected(expr);
    StoredBatch& block = *blocks[generator.Below(blocks.size())];
    CheckVerdicts(*filter, block, expected);
    CheckRows(*filter, block, expected);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(proofs_, open_ / 3) << "templates decide too little";
}

INSTANTIATE_TEST_SUITE_P(Seeds, BlockDifferential, testing::Range(100u, 122u));

}  // namespace
}  // namespace cistern
