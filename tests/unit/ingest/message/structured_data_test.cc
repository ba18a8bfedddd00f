#include "ingest/message/structured_data.h"

#include <gtest/gtest.h>

#include <vector>

namespace cistern {
namespace {

// `id.name=value`, `id` without parameters; `+` marks the first of an element, `!` an escaped value.
std::vector<std::string> Read(std::string_view text) {
  std::vector<std::string> items;
  StructuredDataReader reader(text);
  while (const auto item = reader.Next()) {
    std::string line = (item->first_of_element ? "+" : "") + std::string(item->id);
    if (item->has_param) line += '.' + std::string(item->name) + '=' + std::string(item->value);
    items.push_back(line + (item->escaped ? "!" : ""));
  }
  return items;
}

using Lines = std::vector<std::string>;

TEST(StructuredDataReader, ReadsElementsAndParamsInOrder) {
  EXPECT_EQ(Read(R"([a x="1" y="2"][b][c x="3" x="4"])"),
            (Lines{"+a.x=1", "a.y=2", "+b", "+c.x=3", "c.x=4"}));
}

TEST(StructuredDataReader, ReadsTheLenientForms) {
  EXPECT_EQ(Read(R"([a x=1 y= "2" ][b ])"), (Lines{"+a.x=1", "a.y=2", "+b"}));
}

TEST(StructuredDataReader, EmptyAndNilHoldNothing) {
  EXPECT_EQ(Read(""), Lines{});
  EXPECT_EQ(Read("-"), Lines{});
}

TEST(StructuredDataReader, ValuesAreAsWrittenAndMarked) {
  EXPECT_EQ(Read(R"([a x="\"" y="\n" z=""])"), (Lines{R"(+a.x=\"!)", R"(a.y=\n)", "a.z="}));
}

TEST(StructuredDataReader, TextThatIsNotStructuredDataEndsTheWalk) {
  EXPECT_EQ(Read(R"([a x="1"] [b y="2"])"), Lines{"+a.x=1"});
  EXPECT_EQ(Read(R"([a x="1" y])"), Lines{"+a.x=1"});
  EXPECT_EQ(Read(R"([a x="1" y="2)"), Lines{"+a.x=1"});
  EXPECT_EQ(Read("[a"), Lines{});
  EXPECT_EQ(Read("["), Lines{});
  EXPECT_EQ(Read("text"), Lines{});
}

TEST(StructuredDataReader, EveryPrefixEnds) {
  constexpr std::string_view kWhole = R"([a x="\]\\" y=1 z= "2" ][b][c d="e"])";
  for (std::size_t n = 0; n <= kWhole.size(); ++n) {
    const std::vector<char> exact(kWhole.begin(), kWhole.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_LE(Read({exact.data(), exact.size()}).size(), 5u);
  }
}

TEST(SdValue, UnescapesOnlyTheThree) {
  std::string out = "old";
  UnescapeSdValue(R"(\"\\\]\n\)", out);
  EXPECT_EQ(out, R"("\]\n\)");
  UnescapeSdValue(R"(\\")", out);
  EXPECT_EQ(out, R"(\")");
}

TEST(SdValue, EscapedValueReadsBack) {
  for (const std::string value : {"", "plain", R"(a"b\c]d)", R"(\")", R"(\\)", "]]"}) {
    std::string escaped = "[";
    EscapeSdValue(value, escaped);
    std::string back;
    UnescapeSdValue(std::string_view(escaped).substr(1), back);
    EXPECT_EQ(back, value);
  }
}

}  // namespace
}  // namespace cistern
