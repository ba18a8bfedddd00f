#include "ctl/sender/batch.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

std::string Octets(SendFraming framing) {
  Batch batch(framing);
  batch.Add("one");
  batch.Add("two and ten");
  EXPECT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch.message(0), "one");
  EXPECT_EQ(batch.message(1), "two and ten");
  return std::string(batch.octets());
}

TEST(Batch, DatagramsHaveNoFraming) { EXPECT_EQ(Octets(SendFraming::kNone), "onetwo and ten"); }
TEST(Batch, LinesEndWithLf) { EXPECT_EQ(Octets(SendFraming::kLine), "one\ntwo and ten\n"); }
TEST(Batch, CountsPrecedeMessages) { EXPECT_EQ(Octets(SendFraming::kOctet), "3 one11 two and ten"); }

TEST(Batch, ClearForgetsEverything) {
  Batch batch(SendFraming::kLine);
  batch.Add("one");
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.octets(), "");
}

}  // namespace
}  // namespace cistern::ctl
