// The automaton against RE2, and what it proves of templates against every row of them.
#include "storage/filter/regex_walk.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "storage/words.h"

namespace cistern::filter {
namespace {

re2::RE2::Options OptionsOf(bool ignore_case) {
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  options.set_case_sensitive(!ignore_case);
  return options;
}

bool AutomatonMatches(const PositionAutomaton& automaton, std::string_view text) {
  return automaton.matches_empty() || RegexWalk(automaton).EndsIn(text, 0);
}

class RandomRegex {
 public:
  explicit RandomRegex(unsigned seed) : random_(seed) {}

  std::size_t Below(std::size_t n) { return random_() % n; }
  std::string Pattern(int depth) {
    std::string pattern;
    for (std::size_t n = 1 + Below(3); n > 0; --n) pattern += Part(depth);
    return Below(6) == 0 && depth > 0 ? pattern + "|" + Part(depth - 1) : pattern;
  }
  std::string Text(std::size_t most) {
    static const std::string kBytes("abAB019_-. =\n:\xe9\0k", 17);
    std::string text;
    for (std::size_t n = Below(most + 1); n > 0; --n) text += kBytes[Below(kBytes.size())];
    return text;
  }

 private:
  std::string Part(int depth) {
    static const char* const kAtoms[] = {
        "a",       "b",       "A",     "0",       "1",    "_",     "-",
        "\\.",     ".",       "=",     "[a-b]",   "[^a]", "[0-9]", "\\d",
        "\\D",     "\\w",     "\\W",   "\\s",     "\\S",  "[]a]",  "[a-]",
        "[^0-9.]", "[\\d_-]", "\\x41", "[A-Z-]",  "k",    "{",     "[a\\n]",
        "a{,2}",   "\\n",     "ab",    "[^\\w=]", "[-0]", "",      "[\\x30-\\x39]"};
    static const char* const kRepeats[] = {"*",    "+",   "?",  "{2}", "{1,3}",
                                           "{2,}", "{0}", "*?", "+?",  "{0,2}?"};
    std::string part = kAtoms[Below(std::size(kAtoms))];
    if (depth > 0 && Below(4) == 0) part = (Below(2) ? "(" : "(?:") + Pattern(depth - 1) + ")";
    if (!part.empty() && Below(3) == 0) part += kRepeats[Below(std::size(kRepeats))];
    return part;
  }
  std::mt19937 random_;
};

TEST(PositionAutomatonTest, AgreesWithRe2) {
  RandomRegex random(1);
  int compiled = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = random.Pattern(3);
    const bool ignore_case = random.Below(3) == 0;
    const re2::RE2 regex(pattern, OptionsOf(ignore_case));
    if (!regex.ok()) continue;
    const auto automaton = PositionAutomaton::Compile(pattern, ignore_case);
    if (!automaton) continue;
    ++compiled;
    for (int k = 0; k < 20; ++k) {
      const std::string text = random.Text(12);
      ASSERT_EQ(AutomatonMatches(*automaton, text), re2::RE2::PartialMatch(text, regex))
          << pattern << (ignore_case ? " i " : " ") << testing::PrintToString(text);
    }
  }
  EXPECT_GT(compiled, 10'000);
}

TEST(PositionAutomatonTest, LeavesAloneWhatItDoesNotUnderstand) {
  for (const char* pattern : {"^a",
                              "a$",
                              "\\bword",
                              "\\Bx",
                              "\\Aa",
                              "a\\z",
                              "(?i)a",
                              "(?P<n>a)",
                              "[[:alpha:]]",
                              "\\pL",
                              "\\Qa\\E",
                              "\\x{41}",
                              "\\C",
                              "\xe9",
                              "[a\xe9]",
                              "\\xe9",
                              "a{65}",
                              "(a{9}){9}",
                              "(((a{10}){10}){10})",
                              "\\101"})
    EXPECT_FALSE(PositionAutomaton::Compile(pattern, false)) << pattern;
  EXPECT_TRUE(PositionAutomaton::Compile("a{64}", false));
  EXPECT_FALSE(PositionAutomaton::Compile(std::string(65, '(') + "a" + std::string(65, ')'), false));
  EXPECT_FALSE(PositionAutomaton::Compile("[\\x41-z]", true));  // which case the range begins with is lost
}

// A template with all its rows.
struct Template {
  std::vector<std::string> pieces;
  std::vector<SlotStamp> stamps;
  std::vector<std::vector<std::string>> rows;         // values of the slots
  std::vector<std::vector<std::string_view>> values;  // listed ones
  std::string TextOf(std::size_t row) const {
    std::string text = pieces[0];
    for (std::size_t i = 0; i < rows[row].size(); ++i) text += rows[row][i] + pieces[i + 1];
    return text;
  }
};

Template RandomTemplate(RandomRegex& random) {
  Template made;
  const std::size_t slots = random.Below(4);
  for (std::size_t i = 0; i <= slots; ++i) made.pieces.push_back(random.Text(4));
  made.stamps.assign(slots, SlotStamp{0, UINT32_MAX, 0, 0});
  for (std::size_t row = 0; row < 6; ++row) {
    auto& values = made.rows.emplace_back();
    for (SlotStamp& stamp : made.stamps) {
      const std::string value = random.Below(3) ? std::to_string(random.Below(200)) : random.Text(5);
      for (const char c : value) stamp.classes |= SlotStamp::ClassOf(c);
      for (std::size_t i = 0, run = 0; i < value.size(); ++i) {
        run = IsWordByte(value[i]) ? run + 1 : 0;
        stamp.max_word = std::max(stamp.max_word, static_cast<std::uint32_t>(run));
      }
      stamp.min_length = std::min(stamp.min_length, static_cast<std::uint32_t>(value.size()));
      stamp.max_length = std::max(stamp.max_length, static_cast<std::uint32_t>(value.size()));
      values.push_back(value);
    }
  }
  if (random.Below(3) != 0) return made;
  made.values.resize(slots);
  for (std::size_t i = 0; i < slots; ++i) {
    for (const auto& row : made.rows) made.values[i].push_back(row[i]);
    made.stamps[i].values = made.values[i];
  }
  return made;
}

// What the plan says of a row: kSome where it asks for the text.
Verdict Decide(const RegexWalk& walk, const RowPlan& plan, const std::vector<std::string>& values) {
  if (plan.kind == RowPlan::Kind::kNone) return Verdict::kNone;
  if (plan.kind == RowPlan::Kind::kAll) return Verdict::kAll;
  if (plan.kind == RowPlan::Kind::kText) return Verdict::kSome;
  Verdict found = Verdict::kNone;
  for (const RowPlan::Slot& slot : plan.slots) {
    if (walk.EndsIn(values[slot.number], slot.every)) return Verdict::kAll;
    if (walk.EndsIn(values[slot.number], slot.some)) found = Verdict::kSome;
  }
  return found;
}

TEST(RegexWalkTest, WhatItProvesHoldsForEveryRow) {
  RandomRegex random(2);
  std::size_t proven = 0, all = 0, none = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string pattern = random.Pattern(2);
    const re2::RE2 regex(pattern, OptionsOf(false));
    const auto automaton = regex.ok() ? PositionAutomaton::Compile(pattern, false) : std::nullopt;
    if (!automaton) continue;
    const RegexWalk walk(*automaton);
    const Template made = RandomTemplate(random);
    const std::vector<std::string_view> pieces(made.pieces.begin(), made.pieces.end());
    const RowPlan plan =
        walk.Plan(pieces, random.Below(4) ? std::span(made.stamps) : std::span<const SlotStamp>());
    all += plan.kind == RowPlan::Kind::kAll;
    none += plan.kind == RowPlan::Kind::kNone;
    for (std::size_t row = 0; row < made.rows.size(); ++row) {
      const Verdict verdict = Decide(walk, plan, made.rows[row]);
      if (verdict == Verdict::kSome) continue;
      ++proven;
      ASSERT_EQ(verdict == Verdict::kAll, re2::RE2::PartialMatch(made.TextOf(row), regex))
          << pattern << " on " << testing::PrintToString(made.TextOf(row));
    }
  }
  EXPECT_GT(proven, 50'000u);
  EXPECT_GT(all, 1'000u);
  EXPECT_GT(none, 1'000u);
}

TEST(RegexWalkTest, StampsAndValuesNarrowWhatSlotsMayHold) {
  const std::string_view pieces[] = {"x ", " y"}, names[] = {"alice", "bob"};
  const std::uint8_t digits_and_points = SlotStamp::kDigit | SlotStamp::kPoint;
  const SlotStamp address{digits_and_points, 7, 15, 3}, any_words{digits_and_points, 7, 15},
      listed{SlotStamp::kLower | SlotStamp::kHex, 3, 5, 5, names};
  const auto kind = [&](const char* pattern, const SlotStamp& stamp) {
    return RegexWalk(*PositionAutomaton::Compile(pattern, false)).Plan(pieces, {&stamp, 1}).kind;
  };
  EXPECT_EQ(kind("[0-9]{3}", address), RowPlan::Kind::kSlots);
  EXPECT_EQ(kind("[0-9]{4}", address), RowPlan::Kind::kNone);
  EXPECT_EQ(kind("[0-9]{4}", any_words), RowPlan::Kind::kSlots);
  EXPECT_EQ(kind("[0-9]{3}.[0-9]{3}", address), RowPlan::Kind::kSlots);
  EXPECT_EQ(kind("x [a-c]", listed), RowPlan::Kind::kAll);
  EXPECT_EQ(kind("x [a-a]", listed), RowPlan::Kind::kSlots);
  EXPECT_EQ(kind("x c", listed), RowPlan::Kind::kNone);
  EXPECT_EQ(kind("e y", listed), RowPlan::Kind::kText);
  EXPECT_EQ(kind("[be] y", listed), RowPlan::Kind::kAll);
}

TEST(RegexWalkTest, LongValuesReachWhatAnyLengthReaches) {
  const SlotStamp digits{SlotStamp::kDigit, 300, 1000};
  const auto kind = [&](const char* pattern) {
    const std::string_view pieces[] = {"a", "b"};
    return RegexWalk(*PositionAutomaton::Compile(pattern, false)).Plan(pieces, {&digits, 1}).kind;
  };
  EXPECT_EQ(kind("a[0-9]*b"), RowPlan::Kind::kText);
  EXPECT_EQ(kind("[0-9]{60}"), RowPlan::Kind::kAll);
  EXPECT_EQ(kind("a[0-9]{2}b"), RowPlan::Kind::kNone);
  EXPECT_EQ(kind("[a-z]{2}"), RowPlan::Kind::kNone);
}

}  // namespace
}  // namespace cistern::filter
