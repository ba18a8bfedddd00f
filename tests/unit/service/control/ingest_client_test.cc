#include "service/control/ingest_client.h"

#include <gtest/gtest.h>

#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

class FakeStream final : public IngestStream {
 public:
  void Committed(std::uint64_t sequence) override { committed = sequence; }
  void Failed(const boost::system::error_code&) override {}
  void TakenOver() override { taken_over = true; }
  std::uint64_t committed = 0;
  bool taken_over = false;
};

class IngestClientsTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenStore(folder_.path());
  IngestClients clients_{*store_};
};

TEST_F(IngestClientsTest, SecondStreamTakesOver) {
  const auto first = std::make_shared<FakeStream>(), second = std::make_shared<FakeStream>();
  const auto client = clients_.Open("c", first);
  EXPECT_EQ(clients_.Open("c", second), client);
  EXPECT_TRUE(first->taken_over);
  IngestClients::Ended(client, 7, {});
  EXPECT_EQ(second->committed, 7u);
}

// The stream that was taken over ends last, when its client is forgotten and came back.
TEST_F(IngestClientsTest, LateEndOfAnOldStreamLeavesTheNewClient) {
  auto slow = std::make_shared<FakeStream>(), quick = std::make_shared<FakeStream>();
  const auto before = clients_.Open("c", slow);
  (void)clients_.Open("c", quick);
  quick.reset();
  clients_.Close(before);
  const auto third = std::make_shared<FakeStream>();
  const auto now = clients_.Open("c", third);
  EXPECT_NE(now, before);
  clients_.Close(before);
  const auto fourth = std::make_shared<FakeStream>();
  EXPECT_EQ(clients_.Open("c", fourth), now);
  EXPECT_TRUE(third->taken_over);
}

TEST_F(IngestClientsTest, ClientsWhoseStreamEndedBeforeTheCommitAreForgotten) {
  for (int i = 0; i < 5000; ++i) {
    auto stream = std::make_shared<FakeStream>();
    const auto client = clients_.Open("client" + std::to_string(i), stream);
    client->enqueued = 1;
    stream.reset();
    clients_.Close(client);
    IngestClients::Ended(client, 1, {});
  }
  EXPECT_LE(clients_.size(), 2048u);
}

}  // namespace
}  // namespace cistern
