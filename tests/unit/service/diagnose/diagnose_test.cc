#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/diagnose/diagnosis.h"

namespace cistern {
namespace {

using Level = Diagnosis::Level;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::int64_t kSecond = 1'000'000'000, kDay = 86'400 * kSecond;

template <class Function, class... Args>
std::vector<Diagnosis> Found(Function function, const Args&... args) {
  Diagnoses out;
  function(args..., out);
  return out.Take();
}

Level WorstOf(const std::vector<Diagnosis>& found) {
  Level worst = Level::kOk;
  for (const Diagnosis& one : found) worst = std::max(worst, one.level);
  return worst;
}

TEST(DiagnoseStoreTest, DiskIsJudgedByTheReserveAndByWhatRetentionAllows) {
  const struct {
    std::uint64_t free, used, max_bytes;
    Level level;
    const char* text;
  } cases[] = {
      {50, 10, 40, Level::kOk, "50.0 GiB of 100 GiB free (50 %)"},
      {50, 10, 0, Level::kOk, "free"},
      {50, 10, 56, Level::kWarning, "max_bytes allows 56.0 GiB, but 55.0 GiB is all there is"},
      {8, 10, 0, Level::kWarning, "8.0 GiB of 100 GiB free"},
      {5, 10, 40, Level::kWrong, "nothing is written below 5 %"},
      {0, 0, 1, Level::kWrong, "0 B of 100 GiB"},
  };
  for (const auto& one : cases) {
    StoreStats stats;
    stats.free_bytes = one.free * kGiB;
    stats.total_bytes = 100 * kGiB;
    stats.bytes = one.used * kGiB;
    const auto found = Found(DiagnoseStore, stats, 5.0, one.max_bytes * kGiB);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].level, one.level) << found[0].text;
    EXPECT_THAT(found[0].text, HasSubstr(one.text));
    EXPECT_EQ(found[0].advice.empty(), one.level == Level::kOk);
  }
}

TEST(DiagnoseProcessTest, DescriptorsThatRunOutAreWrongAndFewAreAWarning) {
  ProcessStats process;
  EXPECT_THAT(Found(DiagnoseProcess, process), IsEmpty()) << "nobody knows";
  process.max_fds = 20'000;
  process.open_fds = 100;
  EXPECT_EQ(WorstOf(Found(DiagnoseProcess, process)), Level::kOk);
  process.open_fds = 16'001;
  EXPECT_EQ(WorstOf(Found(DiagnoseProcess, process)), Level::kWrong);
  process = {.open_fds = 20, .max_fds = 1024};
  EXPECT_EQ(WorstOf(Found(DiagnoseProcess, process)), Level::kWarning);
}

TEST(DiagnoseLossTest, WhatRulesDropIsNoLoss) {
  LedgerSnapshot books;
  books.dropped[static_cast<std::size_t>(DropReason::kRule)] = 7;
  books.dropped[static_cast<std::size_t>(DropReason::kDuplicate)] = 7;
  books.dropped[static_cast<std::size_t>(DropReason::kDenied)] = 7;
  EXPECT_EQ(WorstOf(Found(DiagnoseLoss, books)), Level::kOk);
  books.dropped[static_cast<std::size_t>(DropReason::kQueueFull)] = 3;
  const auto found = Found(DiagnoseLoss, books);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].text, "3 messages lost since the start: queue_full");
}

TEST(DiagnoseListenersTest, ClippedBuffersDropsAndRefusalsAreNamed) {
  const std::vector<ListenerOptions> wanted = {{.name = "udp", .receive_buffer = 8 << 20}};
  ListenerStatus status{.name = "udp", .transport = Transport::kUdp, .receive_buffer = 8 << 20};
  EXPECT_THAT(Found(DiagnoseListeners, wanted, std::vector{status}), IsEmpty());
  status.receive_buffer = 208 << 10;
  status.kernel_drops = 5;
  status.denied = 2;
  status.proxy_refused = 1;
  const auto found = Found(DiagnoseListeners, wanted, std::vector{status});
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].text, "asked for a receive buffer of 8.0 MiB, was given 208 KiB");
  EXPECT_THAT(found[0].advice, HasSubstr("net.core.rmem_max=8388608"));
  EXPECT_THAT(found[1].text, HasSubstr("dropped 5 datagrams"));
  EXPECT_EQ(found[2].level, Level::kNote);
  EXPECT_THAT(found[3].text, HasSubstr("PROXY header"));
}

TEST(DiagnoseCertificatesTest, EndIsToldAMonthAhead) {
  const std::int64_t now = 1'000 * kDay;
  const auto level = [&](std::int64_t days) {
    const ListenerStatus status{
        .name = "tls", .transport = Transport::kTls, .certificate_not_after = (now + days * kDay) / kSecond};
    return WorstOf(Found(DiagnoseCertificates, std::vector<ListenerOptions>(), std::vector{status}, now));
  };
  EXPECT_EQ(level(31), Level::kOk);
  EXPECT_EQ(level(29), Level::kWarning);
  EXPECT_EQ(level(0), Level::kWrong);
  EXPECT_EQ(level(-1), Level::kWrong);
}

TEST(DiagnoseSendersTest, ThoseWithWrongClocksAreCountedAndSomeNamed) {
  std::vector<SenderInfo> senders(6);
  for (std::size_t i = 0; i < senders.size(); ++i) senders[i].hostname = "h" + std::to_string(i);
  EXPECT_THAT(Found(DiagnoseSenders, senders), IsEmpty());
  for (std::size_t i = 0; i < 4; ++i) senders[i].clock_skew = (i % 2 == 0 ? 1 : -1) * 3'600 * kSecond;
  senders[4].clock_skew = 299 * kSecond;
  const auto found = Found(DiagnoseSenders, senders);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].text,
              HasSubstr("4 of 6 have clocks or zones more than 5 minutes off: h0, h1, h2, ..."));
}

}  // namespace
}  // namespace cistern
