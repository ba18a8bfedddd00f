// The canonical form of filters.
#include <gtest/gtest.h>

#include "storage/filter/filter.h"

namespace cistern {
namespace {

struct PrintCase {
  std::string_view filter;
  std::string_view canonical;
};

constexpr PrintCase kCases[] = {
    {"", "*"},
    {"a b", "a AND b"},
    {"a && b || c", "(a AND b) OR c"},
    {"a AND (b AND c)", "a AND b AND c"},
    {"-a !b", "NOT a AND NOT b"},
    {"NOT (a b)", "NOT (a AND b)"},
    {"msg:a", "a"},
    {"msg:*", "message:*"},
    {"\"and\"", "and"},
    {"\"AND\"", "\"AND\""},
    {"\"a b\"", "\"a b\""},
    {"a\\ b", "\"a\\ b\""},
    {"web-*", "web\\-*"},
    {"/var/log", "\"/var/log\""},
    {"/a b/i", "/a b/i"},
    {"host:(a OR -b)", "hostname:a OR NOT hostname:b"},
    {"peer:10.0.0.0/8", "peer:10.0.0.0/8"},
    {"severity:>=err", "severity:>=err"},
    {"id:[1 TO *]", "id:[1 TO *]"},
    {"time:>=2026-11-19T10:00:00Z", "time:>=2026-11-19T10:00:00Z"},
    {"sd.\"a b\".c:\"x y\"", "sd.\"a b\".c:\"x y\""},
};

TEST(FilterPrint, CanonicalFormIsStable) {
  for (const auto& [text, canonical] : kCases) {
    const auto filter = Filter::Parse(text);
    ASSERT_TRUE(filter) << text << ": " << filter.error().ToString();
    EXPECT_EQ(filter->ToString(), canonical) << text;
    const auto again = Filter::Parse(canonical);
    ASSERT_TRUE(again) << canonical << ": " << again.error().ToString();
    EXPECT_EQ(again->ToString(), canonical);
  }
}

}  // namespace
}  // namespace cistern
