#include "ctl/sender/load_run.h"

#include <gtest/gtest.h>

#include <mutex>

#include "ctl/sender/load_mark.h"
#include "ctl/sender/verifier.h"
#include "ingest/parse/parser.h"

namespace cistern::ctl {
namespace {

// What all fake connections of a test received.
struct Received {
  std::mutex mutex;
  std::vector<std::string> messages;
};

class FakeConnection final : public Connection {
 public:
  // Breaks after `capacity` messages.
  FakeConnection(Received& received, std::size_t capacity) : received_(received), capacity_(capacity) {}

  std::size_t Send(const Batch& batch) override {
    const std::lock_guard lock(received_.mutex);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (capacity_ == 0) {
        failed_ = true;
        error_ = "broken";
        return i;
      }
      --capacity_;
      received_.messages.emplace_back(batch.message(i));
    }
    return batch.size();
  }
  bool Finish() override { return !failed_; }

 private:
  Received& received_;
  std::size_t capacity_;
};

OpenSender OpenFake(Received& received, std::size_t capacity = 1'000'000) {
  return [&received, capacity](unsigned, std::string&) {
    return std::make_unique<FakeConnection>(received, capacity);
  };
}

LoadOptions Options(std::uint64_t count, unsigned connections) {
  LoadOptions options;
  options.run = "abcdefgh";
  options.count = count;
  options.connections = connections;
  return options;
}

Verification Verify(const LoadOptions& options, const LoadResult& result, const Received& received) {
  Verifier verifier(options.run, result.attempted, result.sent);
  for (const std::string& message : received.messages) {
    Record record;
    ParseMessage(message, {}, record);
    verifier.Add(record.hostname, record.app_name, record.procid, record.message);
  }
  return verifier.Finish();
}

TEST(RunLoad, EveryMessageOfEverySenderIsSentOnce) {
  Received received;
  const LoadOptions options = Options(10'001, 3);
  const LoadResult result = RunLoad(options, OpenFake(received), {});
  EXPECT_EQ(result.sent, 10'001u);
  EXPECT_EQ(result.failed, 0u);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.attempted, (std::vector<std::uint64_t>{3334, 3334, 3333}));
  const Verification verification = Verify(options, result, received);
  EXPECT_TRUE(verification.good());
  EXPECT_EQ(verification.stored, 10'001u);
}

TEST(RunLoad, BrokenConnectionIsReportedAndWhatWasSentIsKnown) {
  Received received;
  const LoadOptions options = Options(2000, 1);
  const LoadResult result = RunLoad(options, OpenFake(received, 700), {});
  EXPECT_EQ(result.sent, 700u);
  EXPECT_GT(result.failed, 0u);
  EXPECT_EQ(result.error, "broken");
  EXPECT_TRUE(Verify(options, result, received).good());
}

TEST(RunLoad, ConnectionThatCannotBeOpenedEndsTheRun) {
  const LoadResult result = RunLoad(Options(10, 2),
                                    [](unsigned sender, std::string& error) {
                                      error = "no " + std::to_string(sender);
                                      return std::unique_ptr<Connection>();
                                    },
                                    {});
  EXPECT_EQ(result.error, "no 0");
  EXPECT_EQ(result.sent, 0u);
}

TEST(RunLoad, PacedRunTakesItsTime) {
  Received received;
  LoadOptions options = Options(200, 2);
  options.rate = 2000;
  const LoadResult result = RunLoad(options, OpenFake(received), {});
  EXPECT_EQ(result.sent, 200u);
  EXPECT_GE(result.elapsed.count(), 0.07);  // 100 ms less the burst that a late sender may catch up with
}

TEST(RunLoad, StopEndsTheRunWithWholeMessages) {
  Received received;
  std::stop_source stop;
  stop.request_stop();
  const LoadResult result = RunLoad(Options(1000, 1), OpenFake(received), stop.get_token());
  EXPECT_EQ(result.sent, 0u);
  EXPECT_EQ(result.error, "");
}

}  // namespace
}  // namespace cistern::ctl
