#include "ctl/sender/verifier.h"

#include <gtest/gtest.h>

#include "ctl/sender/load_mark.h"

namespace cistern::ctl {
namespace {

constexpr const char* kRun = "abcdefgh";

std::string Text(unsigned sender, std::uint64_t sequence) {
  std::string text = "hello";
  AppendMark(kRun, sender, sequence, HeaderSum("h", "a", ""), 0, text);
  return text;
}

class VerifierTest : public ::testing::Test {
 protected:
  void Add(unsigned sender, std::uint64_t sequence) { verifier_.Add("h", "a", "", Text(sender, sequence)); }

  Verifier verifier_{kRun, {3, 2}, 5};
};

TEST_F(VerifierTest, WholeRunIsGood) {
  for (const auto& [sender, sequence] : {std::pair{0, 1}, {1, 1}, {0, 2}, {0, 3}, {1, 2}}) {
    Add(static_cast<unsigned>(sender), static_cast<std::uint64_t>(sequence));
  }
  const Verification result = verifier_.Finish();
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.stored, 5u);
}

TEST_F(VerifierTest, MissingIsCounted) {
  Add(0, 1);
  Add(0, 3);
  EXPECT_EQ(verifier_.Finish().missing, 3u);
  EXPECT_FALSE(verifier_.Finish().good());
}

TEST_F(VerifierTest, DuplicatesAreCountedAndNotOutOfOrder) {
  Add(0, 1);
  Add(0, 2);
  Add(0, 1);
  EXPECT_EQ(verifier_.Finish().duplicates, 1u);
  EXPECT_EQ(verifier_.Finish().out_of_order, 0u);
}

TEST_F(VerifierTest, OrderIsThatOfEachSender) {
  Add(0, 2);
  Add(1, 1);
  Add(0, 1);
  Add(0, 3);
  EXPECT_EQ(verifier_.Finish().out_of_order, 1u);
}

TEST_F(VerifierTest, DamageIsCountedAndItsMessageMissing) {
  std::string text = Text(0, 1);
  text[0] = 'H';
  verifier_.Add("h", "a", "", text);
  verifier_.Add("other", "a", "", Text(0, 2));
  verifier_.Add("h", "a", "", "no mark at all");
  EXPECT_EQ(verifier_.Finish().damaged, 3u);
  EXPECT_EQ(verifier_.Finish().missing, 5u);
}

TEST_F(VerifierTest, WhatWasNeverSentIsUnexpected) {
  Add(2, 1);
  Add(0, 4);
  Add(0, 0);
  EXPECT_EQ(verifier_.Finish().unexpected, 3u);
}

// Of three datagrams the kernel refused one; which one is not known.
TEST(Verifier, WhatWasNotSentIsNotMissing) {
  Verifier verifier(kRun, {3}, 2);
  verifier.Add("h", "a", "", Text(0, 1));
  verifier.Add("h", "a", "", Text(0, 3));
  EXPECT_TRUE(verifier.Finish().good());
}

}  // namespace
}  // namespace cistern::ctl
