#include "service/forward/console_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <numeric>
#include <thread>

#include "ingest/net/socket_util.h"
#include "temp_files.h"

namespace cistern {
namespace {

class ConsoleSinkTest : public testing::Test {
 protected:
  ConsoleSinkTest() {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
  }
  void Make(RecordFormatter::Form form = RecordFormatter::Form::kOriginal) {
    sink_ = std::make_unique<ConsoleSink>(
        writer_.get(), RecordFormatter::Options{.form = form, .mark_store = {}, .columns = {}},
        [](const auto&) {});
  }
  Delivery Deliver(const SomeRecords& records, std::size_t behind = 0) {
    RecordsView view(records.all());
    std::vector<std::uint32_t> rows(records.all().size());
    std::iota(rows.begin(), rows.end(), 0u);
    return sink_->Deliver({view, std::span<const std::uint32_t>(rows).subspan(behind)}, stop_);
  }
  std::string Read(std::size_t most = 1 << 20) {
    std::string text(most, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(reader_.get(), text.data(), most))));
    return text;
  }

  UniqueFd reader_, writer_;
  std::unique_ptr<ConsoleSink> sink_;
  Stop stop_;
};

TEST_F(ConsoleSinkTest, OneLineARecordWithoutControlCharacters) {
  Make();
  SomeRecords records;
  records.Add("plain gr\u00fc\u00df");
  records.Add("two\nlines \x1b[31m\xff");
  const Delivery delivery = Deliver(records);
  EXPECT_EQ(delivery.taken, 2u);
  EXPECT_FALSE(delivery.failure);
  EXPECT_EQ(Read(), "plain gr\u00fc\u00df\ntwo\\nlines \\x1b[31m\\xff\n");
  EXPECT_FALSE(sink_->HeldBehind());
}

TEST_F(ConsoleSinkTest, CsvBeginsWithItsHeader) {
  Make(RecordFormatter::Form::kCsv);
  SomeRecords records;
  records.Add("a");
  EXPECT_FALSE(Deliver(records).failure);
  EXPECT_FALSE(Deliver(records).failure);
  EXPECT_EQ(Read(),
            "time,hostname,app_name,procid,facility,severity,peer,message\n"
            ",web,app,,user,notice,192.0.2.7,a\n,web,app,,user,notice,192.0.2.7,a\n");
}

TEST_F(ConsoleSinkTest, NobodyLeftToReadIsAFailure) {
  Make();
  reader_ = UniqueFd();
  SomeRecords records;
  records.Add("a");
  const Delivery delivery = Deliver(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kClosed);
  EXPECT_EQ(sink_->HeldBehind(), RecordId{0});
}

TEST_F(ConsoleSinkTest, AReaderThatDoesNotReadHoldsNothingButTheTarget) {
  Make();
  SomeRecords records;
  std::string all;
  for (int i = 0; i < 40; ++i) {
    records.Add(std::string(4000, static_cast<char>('a' + i % 26)));
    all += std::string(records.all().back().raw) + "\n";
  }
  Delivery delivery;
  std::thread sender([&] { delivery = Deliver(records); });
  std::string got = Read(1);  // it has begun, and no pipe takes all of it
  stop_.Request();
  sender.join();
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kStopped);
  ASSERT_LT(delivery.taken, 40u);
  ASSERT_TRUE(sink_->HeldBehind());
  EXPECT_EQ(ToInt(*sink_->HeldBehind()) + 1, delivery.taken);

  stop_.Clear();  // resumed behind what was taken, without a gap or a repeat
  std::size_t behind = delivery.taken;
  std::thread again([&] {
    while (behind < 40) behind += Deliver(records, behind).taken;
  });
  while (got.size() < all.size()) got += Read();
  again.join();
  EXPECT_EQ(got, all);
  EXPECT_FALSE(sink_->HeldBehind());
}

}  // namespace
}  // namespace cistern
