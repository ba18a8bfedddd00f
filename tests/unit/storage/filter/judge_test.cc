// How sharp verdicts are, template by template. That they are right is the differential test's business.
#include <gtest/gtest.h>

#include <set>

#include "storage/filter/filter.h"

namespace cistern {
namespace {

constexpr SlotStamp kNumber{SlotStamp::kDigit, 1, 5};
constexpr SlotStamp kAddress{SlotStamp::kDigit | SlotStamp::kPoint, 7, 15};
constexpr SlotStamp kName{SlotStamp::kLower | SlotStamp::kHex, 3, 6};
constexpr SlotStamp kAnything;

// Two templates of sshd, one of a firewall, and free text; slots hold the words `root`, `admin`, `22` and
// 10.0.0.1.
class HandMadeIndex final : public BlockIndex {
 public:
  std::uint64_t records() const override { return 40; }
  std::optional<Range> IntRange(Column) override { return std::nullopt; }
  std::span<const CountedInt> IntValues(Column) override { return {}; }
  std::optional<std::span<const CountedString>> StringValues(Column) override { return std::nullopt; }
  std::span<const TextTemplate> Templates() override { return templates_; }
  std::optional<std::string_view> PieceOctets() override {
    return "Failed password for user= from  port  sshsession opened for user rootDROP src= len=";
  }
  bool MayHoldWord(std::string_view folded) override { return words_.count(folded) > 0; }
  bool MayHoldAddress(std::string_view dotted) override { return dotted == "10.0.0.1"; }

 private:
  std::vector<TextTemplate> templates_ = {
      {{"", ""}, {kAnything}, 10},
      {{"Failed password for user=", " from ", " port ", " ssh"}, {kName, kAddress, kNumber}, 10},
      {{"session opened for user root", ""}, {kNumber}, 10},
      {{"DROP src=", " len=", ""}, {kAddress, kNumber}, 10}};
  std::set<std::string_view> words_ = {"root", "admin", "22", "10", "0", "1"};
};

struct JudgeCase {
  const char* name;
  const char* filter;
  const char* verdicts;  // free text, failed, session, drop: all, some, none
};

constexpr JudgeCase kCases[] = {
    {"StaticWord", "password", "-A--"},
    {"StaticPhrase", "\"failed password\"", "-A--"},
    {"PhraseOfStaticWordsElsewhere", "\"password failed\"", "----"},
    {"WordThatSlotsHold", "root", "SSA-"},
    {"WordThatNoStampAdmits", "admin", "SS--"},
    {"Number", "22", "SSSS"},
    {"NumberThatIsNotThere", "23", "----"},
    {"AddressInSlotsThatAdmitPoints", "10.0.0.1", "SS-S"},
    {"AddressOfCommonNumbers", "10.10.10.10", "----"},
    {"PhraseOverASlot", "\"user root from\"", "-S--"},
    {"PhraseIntoASlot", "\"port 22\"", "-S--"},
    {"LiteralBetweenSlots", "\" len\\=22\"", "---S"},
    {"WildcardTooLong", "*abcdefgh*", "S---"},
    {"WildcardAtAStaticWord", "pass*", "SA--"},
    {"AllOfTwoWords", "password port", "-A--"},
    {"NotAStaticWord", "NOT password", "A-AA"},
    {"EitherStaticWord", "password OR session OR drop", "-AAA"},
    {"SomeAndNone", "root drop", "----"},
    {"Regex", "/session (opened|closed)/", "S-A-"},
    {"RegexWithAnAssertion", "/^session/", "S-S-"},
    {"RegexThatNeedsNothing", "/[0-9]+/", "SAAA"},
    {"RegexFromPieceIntoSlot", "/port [0-9]*7/", "SS--"},
    {"RegexThatEverySlotFulfils", "/len=[0-9]/", "S--A"},
    {"RegexForLongerValues", "/port [0-9]{6}/", "S---"},
    {"RegexBehindASlot", "/[a-z] from/", "SA--"},
    {"RegexThatSomeSlotsReach", "/[0-9]{4,} ssh/", "SS--"},
    {"RegexWithALongestValue", "/len=[0-9]{5}/", "S--S"},
    {"RegexOfClassesThatNoStampAdmits", "/user=[0-9A-Z]/", "S---"},
    {"RegexInAnyCase", "/SESSION OPENED/i", "S-A-"},
    {"RegexThatMatchesNothingAsWell", "/x*/", "AAAA"},
    {"MessageIsThere", "msg:*", "SAAA"},
    {"OtherFieldsSayNothing", "procid:1", "SSSS"},
};

std::string Judged(const char* text) {
  HandMadeIndex index;
  std::vector<Verdict> verdicts;
  Filter::Parse(text)->Judge(index, verdicts);
  std::string letters;
  for (const Verdict verdict : verdicts)
    letters += verdict == Verdict::kAll ? 'A' : verdict == Verdict::kSome ? 'S' : '-';
  return letters;
}

class JudgeCaseTest : public testing::TestWithParam<JudgeCase> {};

TEST_P(JudgeCaseTest, SaysWhatTemplatesProve) { EXPECT_EQ(Judged(GetParam().filter), GetParam().verdicts); }

TEST(JudgeTest, WordsThatAreNowhereRuleABlockOut) {
  HandMadeIndex index;
  for (const char* filter : {"nothing", "23", "password nothing", "10.10.10.10", "\"user nothing\""})
    EXPECT_TRUE(Filter::Parse(filter)->RuledOut(index)) << filter;
  for (const char* filter :
       {"PASSWORD", "root", "admin", "22", "NOT nothing", "nothing OR password", "opene"})
    EXPECT_FALSE(Filter::Parse(filter)->RuledOut(index)) << filter;
}

INSTANTIATE_TEST_SUITE_P(Verdicts, JudgeCaseTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cistern
