#include "service/forward/resend_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>

namespace cistern {
namespace {

std::optional<RecordId> Behind(std::uint64_t id) { return RecordId{id}; }

TEST(ResendWindow, BeginsNowhere) {
  ResendWindow window(1, 1000, std::nullopt);
  EXPECT_EQ(window.ResumeBehind(), std::nullopt);
  EXPECT_FALSE(window.Holds(1));
}

TEST(ResendWindow, HoldsWhatWasSentLast) {
  ResendWindow window(1, 200'000, std::nullopt);
  for (std::uint64_t i = 0; i < 10; ++i) window.Sent(0, i * 10 + 1, i * 10 + 10, 60'000);
  EXPECT_EQ(window.ResumeBehind(), Behind(70));
  EXPECT_EQ(window.last(), 100u);
}

TEST(ResendWindow, SmallPiecesShareARange) {
  ResendWindow window(1, 1 << 20, std::nullopt);
  for (std::uint64_t id = 5; id < 100; ++id) window.Sent(0, id, id, 100);
  EXPECT_EQ(window.NextHeld(5), ResendWindow::kNone);
  EXPECT_EQ(window.ResumeBehind(), Behind(4));
}

TEST(ResendWindow, WithoutBytesHoldsNothing) {
  ResendWindow window(1, 0, std::nullopt);
  window.Sent(0, 1, 10, 1000);
  EXPECT_EQ(window.ResumeBehind(), std::nullopt);
  window.Lost(0);
  EXPECT_EQ(window.ResumeBehind(), std::nullopt);
}

TEST(ResendWindow, StaysWhereItWasUntilRecordsAreOfferedAgain) {
  ResendWindow window(1, 1000, Behind(40));
  EXPECT_EQ(window.ResumeBehind(), Behind(40));
  window.Lost(0);
  EXPECT_EQ(window.ResumeBehind(), Behind(40));
  window.Sent(0, 45, 50, 100);
  window.Passed(50);
  EXPECT_EQ(window.ResumeBehind(), Behind(44));
  window.Lost(0);
  EXPECT_EQ(window.ResumeBehind(), Behind(44));
  EXPECT_FALSE(window.Holds(45));
}

TEST(ResendWindow, WhatArrivedIsForgotten) {
  ResendWindow window(2, 1 << 20, std::nullopt);
  window.Sent(0, 1, 10, 100);
  window.Sent(1, 11, 20, 100);
  window.Arrived(0);
  EXPECT_EQ(window.ResumeBehind(), Behind(10));
  window.Arrived(1);
  EXPECT_EQ(window.ResumeBehind(), std::nullopt);
}

TEST(ResendWindow, GapIsNotForgottenWhileItsNeighboursArrive) {
  ResendWindow window(3, 1 << 20, std::nullopt);
  window.Sent(0, 1, 10, 100);
  window.Sent(1, 11, 20, 100);
  window.Sent(2, 21, 30, 100);
  window.Lost(1);
  window.Arrived(0);
  window.Arrived(2);
  EXPECT_EQ(window.ResumeBehind(), Behind(0));
  EXPECT_TRUE(window.Holds(10));
  EXPECT_FALSE(window.Holds(11));
  EXPECT_TRUE(window.Holds(21));
  EXPECT_EQ(window.NextHeld(11), 21u);
  window.Passed(10);
  window.Sent(0, 11, 20, 100);
  window.Passed(20);
  window.Passed(30);
  EXPECT_EQ(window.ResumeBehind(), Behind(10));
  window.Arrived(0);
  EXPECT_EQ(window.ResumeBehind(), std::nullopt);
}

// Members break at random; in between records are offered as a runner does.
TEST(ResendWindow, NothingIsMissingAndRepeatsStayWithinTheWindow) {
  constexpr std::size_t kMembers = 3;
  constexpr std::uint64_t kRecords = 2000, kBytes = 70'000, kMostHeld = 20;  // one range a piece
  for (unsigned seed = 1; seed <= 50; ++seed) {
    std::mt19937 random(seed);
    const auto up_to = [&](std::uint64_t most) { return random() % (most + 1); };
    ResendWindow window(kMembers, kBytes * kMostHeld, std::nullopt);
    std::set<std::uint64_t> arrived;  // for certain
    std::deque<std::vector<std::uint64_t>> in_doubt[kMembers];
    std::uint64_t at = 1;
    while (at <= kRecords) {
      if (up_to(30) == 0) {
        const std::size_t broken = up_to(kMembers - 1);
        window.Lost(broken);
        in_doubt[broken].clear();
        at = std::min(at, ToInt(window.ResumeBehind().value_or(RecordId{at - 1})) + 1);
      }
      if (window.Holds(at)) {
        window.Passed(at++);
        continue;
      }
      const std::uint64_t last = std::min({at + up_to(6), window.NextHeld(at) - 1, kRecords});
      const std::size_t member = up_to(kMembers - 1);
      window.Sent(member, at, last, kBytes * (last - at + 1));
      window.Passed(last);
      auto& pieces = in_doubt[member];
      pieces.emplace_back();
      for (; at <= last; ++at) {
        EXPECT_FALSE(arrived.contains(at)) << "seed " << seed;
        pieces.back().push_back(at);
      }
      const auto held = [&] {
        std::size_t count = 0;
        for (const auto& piece : pieces) count += piece.size();
        return count;
      };
      for (; held() > kMostHeld; pieces.pop_front())
        arrived.insert(pieces.front().begin(), pieces.front().end());
    }
    for (const auto& pieces : in_doubt)
      for (const auto& piece : pieces) arrived.insert(piece.begin(), piece.end());
    EXPECT_EQ(arrived.size(), kRecords) << "seed " << seed;
  }
}

}  // namespace
}  // namespace cistern
