#include "service/door/visitors.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

TEST(Visitors, AreFoundByTheirMarkWhileTheyAreHere) {
  Visitors visitors;
  Visitor visitor;
  visitor.names = {"dns:a"};
  const std::string a = visitors.Add(visitor), b = visitors.Add({});
  ASSERT_NE(a, b);
  ASSERT_TRUE(visitors.Find(a));
  EXPECT_EQ(visitors.Find(a)->names, visitor.names);
  const VisitorPtr kept = visitors.Find(a);
  visitors.Remove(a);
  EXPECT_TRUE(visitors.Find(a)) << "what it said before it left may come later";
  for (int i = 0; i < 5000; ++i) visitors.Remove(visitors.Add({}));
  EXPECT_FALSE(visitors.Find(a)) << "but not for ever";
  EXPECT_TRUE(visitors.Find(b));
  EXPECT_EQ(kept->names.size(), 1u);
  EXPECT_NE(visitors.Add({}), a) << "a mark is never given twice";
  EXPECT_FALSE(visitors.Find(""));
}

TEST(Visitors, NobodyKnowsTheNameOfTheMark) {
  const Visitors one, two;
  EXPECT_NE(one.mark_name(), two.mark_name());
  EXPECT_EQ(one.mark_name().size(), std::string("x-cistern-door-").size() + 32);
}

}  // namespace
}  // namespace cistern
