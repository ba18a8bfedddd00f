// A Kafka target and librdkafka's mock cluster: brokers in this process that speak the protocol.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "tests/unit/service/forward/sink_rig.h"

namespace cistern {
namespace {

constexpr char kTopic[] = "logs";
constexpr std::int16_t kProduce = 0;  // ApiKey

class KafkaTest : public SinkTest {
 protected:
  KafkaTest() : SinkTest(&MakeKafkaSink) {
    char error[256];
    host_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error));
    cluster_.reset(rd_kafka_mock_cluster_new(host_.get(), 3));
    rd_kafka_mock_topic_create(cluster_.get(), kTopic, 1, 1);
    auto& kafka = *target_.mutable_kafka();
    const std::string brokers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
    for (std::size_t at = 0; at < brokers.size();) {
      const std::size_t end = std::min(brokers.find(',', at), brokers.size());
      kafka.add_brokers(brokers.substr(at, end - at));
      at = end + 1;
    }
    kafka.set_topic(kTopic);
    kafka.set_format("original");
    kafka.set_timeout(20'000'000'000);
  }

  struct Read {
    std::string key, value, store, id;
  };
  // Reads on from where it was until `count` messages are there.
  std::vector<Read> Consume(std::size_t count) {
    if (!consumer_) StartConsumer();
    std::vector<Read> read;
    while (read.size() < count) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer_.get(), 20'000);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) read.push_back(ReadOf(*message));
      rd_kafka_message_destroy(message);
    }
    EXPECT_EQ(read.size(), count);
    return read;
  }

  struct Destroy {
    void operator()(rd_kafka_t* kafka) const { rd_kafka_destroy(kafka); }
    void operator()(rd_kafka_mock_cluster_t* cluster) const { rd_kafka_mock_cluster_destroy(cluster); }
  };
  std::unique_ptr<rd_kafka_t, Destroy> host_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroy> cluster_;
  std::unique_ptr<rd_kafka_t, Destroy> consumer_;

 private:
  static Read ReadOf(const rd_kafka_message_t& message) {
    const auto text = [](const void* data, std::size_t size) {
      return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
    };
    Read read{text(message.key, message.key_len), text(message.payload, message.len), {}, {}};
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return read;
    const void* value;
    std::size_t size;
    if (rd_kafka_header_get_last(headers, "cistern.store", &value, &size) == 0)
      read.store = text(value, size);
    if (rd_kafka_header_get_last(headers, "cistern.id", &value, &size) == 0) read.id = text(value, size);
    return read;
  }

  void StartConsumer() {
    char error[256];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_.get()), error,
                      sizeof error);
    rd_kafka_conf_set(conf, "group.id", "test", error, sizeof error);
    consumer_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error));
    rd_kafka_poll_set_consumer(consumer_.get());
    rd_kafka_topic_partition_list_t* all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, kTopic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer_.get(), all);
    rd_kafka_topic_partition_list_destroy(all);
  }
};

TEST_F(KafkaTest, AHundredThousandMessagesAreReadBackInOrder) {
  constexpr std::size_t kAll = 100'000, kChunk = 4000;
  Make();
  for (std::size_t first = 0; first < kAll; first += kChunk) {
    Rows rows;
    for (std::size_t i = first; i < first + kChunk; ++i)
      rows.Add(i * 3 + 1, "<13>1 - h a - - - number " + std::to_string(i));
    const auto delivery = Deliver(rows.batch);
    ASSERT_FALSE(delivery.failure) << delivery.failure->text;
    const auto read = Consume(kChunk);  // the mock keeps no more than a few MB
    ASSERT_EQ(read.size(), kChunk);
    for (std::size_t i = 0; i < kChunk; ++i) {
      ASSERT_EQ(read[i].value, rows.batch.records()[i].raw);
      ASSERT_EQ(read[i].store, kOrigin);
      ASSERT_EQ(read[i].id, std::to_string((first + i) * 3 + 1));
      ASSERT_EQ(read[i].key, "");
    }
  }
  EXPECT_NE(steps_.back().detail.find("partition 0, offset 99999"), std::string::npos)
      << steps_.back().detail;
}

TEST_F(KafkaTest, TheKeyIsTheValueOfItsField) {
  target_.mutable_kafka()->set_key("host");
  Make();
  Rows rows;
  rows.Add(1, "<13>1 - alpha a - - - x");
  rows.Add(2, "<13>1 - - a - - - x");
  ASSERT_FALSE(Deliver(rows.batch).failure);
  const auto read = Consume(2);
  EXPECT_EQ(read[0].key, "alpha");
  EXPECT_EQ(read[1].key, "");
}

TEST_F(KafkaTest, WhatIsTooLargeIsRefusedAndTheRestArrivesOnce) {
  Make();
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - first");
  rows.Add(2, "<13>1 - h a - - - " + std::string(2 << 20, 'x'));
  rows.Add(3, "<13>1 - h a - - - third");
  const auto delivery = Deliver(rows.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  ASSERT_EQ(delivery.refused.size(), 1u);
  EXPECT_EQ(delivery.refused[0].id, RecordId{2});
  const auto read = Consume(2);
  EXPECT_EQ(read[0].id, "1");
  EXPECT_EQ(read[1].id, "3");
}

TEST_F(KafkaTest, ErrorsThatPassAreRetriedWithoutRepeats) {
  Make();
  rd_kafka_mock_push_request_errors(cluster_.get(), kProduce, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                    RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
  Rows rows;
  for (std::uint64_t id = 1; id <= 100; ++id) rows.Add(id, "<13>1 - h a - - - x");
  const auto delivery = Deliver(rows.batch);
  ASSERT_FALSE(delivery.failure) << delivery.failure->text;
  const auto read = Consume(100);
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i].id, std::to_string(i + 1));
}

TEST_F(KafkaTest, ARefusalByTheBrokerIsAFailureUntilItIsOver) {
  Make();
  rd_kafka_mock_push_request_errors(cluster_.get(), kProduce, 1,
                                    RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - x");
  const auto delivery = Deliver(rows.batch);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kAuth) << delivery.failure->text;
  EXPECT_EQ(delivery.taken, 0u);
  EXPECT_FALSE(Deliver(rows.batch).failure);
  EXPECT_EQ(Consume(1)[0].id, "1");
}

TEST_F(KafkaTest, WhoeverIsAwayIsSaidBeforeTheTimeout) {
  target_.mutable_kafka()->set_timeout(3'600'000'000'000);
  for (int broker = 1; broker <= 3; ++broker) rd_kafka_mock_broker_set_down(cluster_.get(), broker);
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - x");
  const Failure failure = FailureOf(rows.batch);
  EXPECT_EQ(failure.reason, FailureReason::kConnect);
  EXPECT_NE(failure.text.find("127.0.0.1:"), std::string::npos) << failure.text;
}

TEST_F(KafkaTest, AStopEndsTheWaitForABrokerThatDoesNotAnswer) {
  target_.mutable_kafka()->set_timeout(3'600'000'000'000);
  for (int broker = 1; broker <= 3; ++broker) rd_kafka_mock_broker_set_rtt(cluster_.get(), broker, 600'000);
  Make();
  Rows rows;
  rows.Add(1, "<13>1 - h a - - - x");
  std::thread stopper([&] { stop_.Request(); });
  const auto delivery = Deliver(rows.batch);
  stopper.join();
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kStopped);
}

TEST_F(KafkaTest, ASecretThatIsNotThereIsSaidWhenTheSinkIsMade) {
  auto& kafka = *target_.mutable_kafka();
  kafka.set_sasl_mechanism("SCRAM-SHA-256");
  kafka.set_user("u");
  kafka.set_password("file:/nonexistent/password");
  const auto made = MakeKafkaSink(target_, Context());
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().reason, FailureReason::kConfiguration);
}

}  // namespace
}  // namespace cistern
