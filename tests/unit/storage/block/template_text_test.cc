#include "storage/block/template_text.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>

#include "storage/block/text_classes.h"
#include "storage/words.h"

namespace cistern {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string Pattern(const TemplateText::Template& text) {
  std::string pattern(text.pieces[0]);
  for (std::size_t i = 1; i < text.pieces.size(); ++i) pattern.append("<>").append(text.pieces[i]);
  return pattern;
}

// The rows put together again; checks what the index relies on along the way.
std::vector<std::string> Rebuild(const TemplateText& texts) {
  std::vector<std::string> rows;
  std::vector<std::size_t> next(texts.templates().size());
  for (const std::uint16_t number : texts.template_of_row()) {
    const TemplateText::Template& text = texts.templates()[number];
    const std::size_t position = next[number]++;
    std::string& row = rows.emplace_back(text.pieces[0]);
    std::vector<std::pair<std::size_t, std::size_t>> edges;
    for (std::size_t slot = 0; slot < text.slots.size(); ++slot) {
      const std::size_t begin = row.size();
      row.append(text.slots[slot][position]);
      edges.emplace_back(begin, row.size());
      row.append(text.pieces[slot + 1]);
    }
    for (const auto& [begin, end] : edges) {
      EXPECT_TRUE(IsWordEdge(row, begin) && IsWordEdge(row, end)) << row;
    }
  }
  for (std::size_t i = 0; i < next.size(); ++i) {
    const TemplateText::Template& text = texts.templates()[i];
    EXPECT_EQ(text.rows, next[i]);
    EXPECT_EQ(text.pieces.size(), text.slots.size() + 1);
    for (const auto& slot : text.slots) EXPECT_EQ(slot.size(), text.rows);
    for (const std::string_view piece : text.pieces)
      EXPECT_TRUE(std::none_of(piece.begin(), piece.end(), IsDigit));
  }
  return rows;
}

void ExpectComesBack(const std::vector<std::string>& rows) {
  TemplateText texts;
  for (const std::string& row : rows) texts.Add(row);
  texts.Finish();
  EXPECT_EQ(Rebuild(texts), rows);
}

struct SplitCase {
  const char* name;
  std::string_view text;
  std::string_view pattern;
};

class TemplateTextSplit : public ::testing::TestWithParam<SplitCase> {};

TEST_P(TemplateTextSplit, MakesThesePiecesAndSlots) {
  TemplateText texts;
  for (int i = 0; i < 4; ++i) texts.Add(GetParam().text);
  texts.Finish();
  ASSERT_EQ(texts.templates().size(), 2u);
  EXPECT_EQ(Pattern(texts.templates()[1]), GetParam().pattern);
  EXPECT_EQ(Rebuild(texts), std::vector<std::string>(4, std::string(GetParam().text)));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, TemplateTextSplit,
    ::testing::Values(
        SplitCase{"NoSlot", "queue is empty", "queue is empty"}, SplitCase{"Empty", "", ""},
        SplitCase{"OnlyANumber", "17", "<>"},
        SplitCase{"WordWithADigitWhole", "on eth0, sda1a_x", "on <>, <>"},
        SplitCase{"JoinedByOne", "10.0.0.1:80 a 2026-11-20T10:00:00.5 b 5@6 c 1/2", "<> a <> b <> c <>"},
        SplitCase{"NotJoinedByTwo", "1..2 1, 2 1 - 2", "<>..<> <>, <> <> - <>"},
        SplitCase{"NotJoinedToAWordWithoutDigit", "1.org a.1 v1/items/2", "<>.org a.<> <>/items/<>"},
        SplitCase{"UuidGroupWithoutDigit", "id 550e8400-cafe-41d4-face-446655440000 x", "id <> x"},
        SplitCase{"MacGroupWithoutDigit", "mac aa:bb:1c:de:3a:ff x", "mac <> x"},
        SplitCase{"ValueBehindEquals", "user=root path=/usr/bin/x a= b==c", "user=<> path=/<> a= b==<>"},
        SplitCase{"QuotedValue", "a=\"x.y\" b=\"two words\" c=\"open", "a=\"<>\" b=\"two words\" c=\"open"},
        SplitCase{"AngledValue", "from=<bob@example.net>, n", "from=<<>>, n"},
        SplitCase{"BeyondAscii", "caf\xc3\xa9\x31 \xff 2\x80", "<> \xff <>"},
        SplitCase{"Edges", "1 x 2", "<> x <>"}, SplitCase{"Marks", "<> %s \\0 {x}", "<> %s \\<> {x}"}),
    [](const auto& info) { return info.param.name; });

TEST(Classify, IsTheSameWithAndWithoutVectors) {
  std::mt19937_64 random(2);
  const auto fast = std::make_unique<TextClasses>(), plain = std::make_unique<TextClasses>();
  std::string text(1024 + 64, 0);
  for (std::size_t size = 0; size < 1024; ++size) {
    for (char& c : text) c = static_cast<char>(random());
    Classify(text.data(), size, *fast);
    ClassifyPlain(text.data(), size, *plain);
    for (const auto set : {&TextClasses::word, &TextClasses::digit, &TextClasses::hex_letter,
                           &TextClasses::joiner, &TextClasses::equals, &TextClasses::quote})
      for (std::size_t i = 0; i < size / 64 + 1; ++i)
        ASSERT_EQ(((*fast).*set)[i], ((*plain).*set)[i]) << size;
  }
}

TEST(TemplateText, RareTextsAreFreeText) {
  TemplateText texts;
  for (const char* text : {"often 1", "once 2", "often 3", "often 4", "often 5"}) texts.Add(text);
  texts.Finish();
  ASSERT_EQ(texts.templates().size(), 2u);
  EXPECT_EQ(texts.templates()[0].rows, 1u);
  EXPECT_EQ(texts.templates()[0].slots[0][0], "once 2");
  EXPECT_EQ(Pattern(texts.templates()[1]), "often <>");
  EXPECT_EQ(texts.template_of_row()[1], 0);
}

TEST(TemplateText, WordThatVariesInManyRareTextsBecomesASlot) {
  TemplateText texts;
  std::vector<std::string> rows;
  const std::string names[] = {"alice", "bob", "carol", "dave", "eve", "www-data", "v1/x", "root", "peggy"};
  for (int i = 0; i < 2; ++i)
    for (const std::string& a : names)
      for (const std::string& b : names)
        rows.push_back("moved " + a + " (from " + b + ") after " + std::to_string(i));
  for (const std::string& row : rows) texts.Add(row);
  texts.Finish();
  ASSERT_EQ(texts.templates().size(), 2u);
  EXPECT_EQ(Pattern(texts.templates()[1]), "moved <> (from <>) after <>");
  EXPECT_EQ(Rebuild(texts), rows);
}

TEST(TemplateText, FewVariantsStayApart) {
  TemplateText texts;
  for (int i = 0; i < 8; ++i)
    for (const char* text : {"link up", "link down", "link flaps"}) texts.Add(text);
  texts.Finish();
  EXPECT_EQ(texts.templates().size(), 4u);
}

TEST(TemplateText, RandomTextsComeBack) {
  static constexpr std::string_view kOctets = "aaabcdef019 019 ..::--//@@==\"'<,_\n\x80\xff";
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> rows(1 + random() % 300);
    for (std::string& row : rows) {
      row.resize(random() % (round % 10 == 0 ? 400 : 24));
      for (char& c : row)
        c = round % 3 == 0 ? static_cast<char>(random()) : kOctets[random() % kOctets.size()];
    }
    ExpectComesBack(rows);
    ASSERT_FALSE(HasFailure()) << round;
  }
}

TEST(TemplateText, TextsOfAllSizesAroundAVectorComeBack) {
  for (std::size_t size = 0; size < 300; ++size) {
    std::string words(size, 'x'), mixed(size, ' ');
    for (std::size_t i = 0; i < size; i += 7) mixed[i] = '7';
    ExpectComesBack({words, words, words, words, mixed, mixed, mixed, mixed, std::string(size, '1')});
  }
}

TEST(TemplateText, HugeAndManySlottedTextsComeBack) {
  std::string numbers;
  for (int i = 0; i < 1000; ++i) numbers += std::to_string(i) + " ";
  ExpectComesBack({std::string(65536, 'a'), std::string(65536, '1'), numbers, numbers, numbers, numbers,
                   std::string(8192, ' '), std::string(8192, 'x'), std::string(8193, 'x')});
}

TEST(TemplateText, ThousandsOfTemplatesAreBounded) {
  std::vector<std::string> rows;
  for (int i = 0; i < 6000; ++i)
    for (int k = 0; k < 4; ++k)
      rows.push_back(std::string(static_cast<std::size_t>(i % 77), '-') +
                     std::string(static_cast<std::size_t>(i / 77), '+'));
  TemplateText texts;
  for (const std::string& row : rows) texts.Add(row);
  texts.Finish();
  EXPECT_EQ(texts.templates().size(), kMaxTemplates);
  EXPECT_EQ(Rebuild(texts), rows);
}

TEST(TemplateText, ClearStartsAfresh) {
  TemplateText texts;
  for (int i = 0; i < 4; ++i) texts.Add("a 1");
  texts.Finish();
  texts.Clear();
  for (int i = 0; i < 4; ++i) texts.Add("b 2");
  texts.Finish();
  EXPECT_EQ(Rebuild(texts), std::vector<std::string>(4, "b 2"));
}

}  // namespace
}  // namespace cistern
