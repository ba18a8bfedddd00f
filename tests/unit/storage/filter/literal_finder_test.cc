#include "storage/filter/literal_finder.h"

#include <gtest/gtest.h>

#include <random>

#include "storage/words.h"

namespace cistern {
namespace {

TEST(LiteralFinder, FindsAtEveryPositionOfEveryLength) {
  for (std::size_t size : {1u, 2u, 3u, 15u, 16u, 17u, 40u}) {
    std::string literal(size, 'q');
    literal.back() = 'Z';
    for (std::size_t at = 0; at < 40; ++at) {
      const std::string text = std::string(at, '.') + Folded(literal) + "..";
      EXPECT_EQ(LiteralFinder(literal).Find(text, 0), at);
      EXPECT_EQ(LiteralFinder(literal).Find(text, at + 1), std::string::npos);
    }
  }
}

TEST(LiteralFinder, DoesNotReadPastTheEnd) {
  for (std::size_t size = 0; size < 64; ++size) {
    const std::unique_ptr<char[]> text(new char[size]);  // the sanitizer watches its ends
    std::fill_n(text.get(), size, 'a');
    EXPECT_EQ(LiteralFinder("aaab").Find({text.get(), size}, 0), std::string::npos);
  }
}

TEST(LiteralFinder, FoldsLettersOnly) {
  EXPECT_EQ(LiteralFinder("[@").Find("{`", 0), std::string::npos);
  EXPECT_EQ(LiteralFinder("\xC4").Find("\xE4", 0), std::string::npos);
  EXPECT_EQ(LiteralFinder("aB[").Find("xxAb[", 0), 2u);
}

TEST(LiteralFinder, AgreesWithAPlainSearch) {
  std::mt19937 random(7);
  constexpr std::string_view kBytes = "aAbB-. 1";
  const auto text_of = [&](std::size_t size) {
    std::string text;
    while (text.size() < size) text.push_back(kBytes[random() % kBytes.size()]);
    return text;
  };
  for (int i = 0; i < 5000; ++i) {
    const std::string text = text_of(random() % 80), literal = text_of(1 + random() % 5);
    const std::size_t from = random() % 10;
    EXPECT_EQ(LiteralFinder(literal).Find(text, from), Folded(text).find(Folded(literal), from))
        << literal << " in " << text;
  }
}

}  // namespace
}  // namespace cistern
