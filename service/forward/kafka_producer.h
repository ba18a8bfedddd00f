// librdkafka's producer, driven by one thread that can be told to stop.
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "service/forward/sink.h"

namespace cistern {

namespace v1 {
class KafkaTarget;
}

struct KafkaMessage {
  std::string_view key;  // empty: none
  std::string_view value;
  std::string_view store, id;  // headers `cistern.store` and `cistern.id`
  std::int64_t time_ms = 0;
};

// One thread. Its own threads do the work and never wait for ours.
class KafkaProducer {
 public:
  // kConfiguration: librdkafka does not accept the settings; a file cannot be read.
  static Result<std::unique_ptr<KafkaProducer>, Failure> Make(const v1::KafkaTarget& target,
                                                              const std::string& password);
  // Gives up what is not delivered.
  ~KafkaProducer();

  // Starts a batch: forgets the reports of the one before.
  void Begin() { reports_.clear(); }
  // Queues a copy as the next of the batch. False: it could not be queued; if it is the first, its report
  // says why, else it is none of the batch.
  bool Add(const KafkaMessage& message);
  enum class Waited { kAll, kStopped, kTimedOut, kAway };
  // Waits until each of the batch has its report. kAway: no broker could be reached since this was made.
  Waited Wait(std::chrono::steady_clock::time_point deadline, const Stop& stop);

  // By order of Add(); RD_KAFKA_RESP_ERR__IN_PROGRESS: none yet.
  const std::vector<rd_kafka_resp_err_t>& reports() const { return reports_; }
  // The last thing that went wrong with a connection, as a Failure; of `error` when there was none.
  Failure FailureOf(rd_kafka_resp_err_t error) const;
  // Where the last message went, for people.
  std::string last_place() const { return last_place_; }

 private:
  explicit KafkaProducer(const v1::KafkaTarget& target);
  static void OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  static void OnError(rd_kafka_t*, int error, const char* reason, void* opaque);
  std::string Configure(rd_kafka_conf_t* conf, const std::string& password);

  const v1::KafkaTarget& target_;
  rd_kafka_t* kafka_ = nullptr;
  const int fd_;  // an eventfd, readable when there is something to poll
  std::vector<rd_kafka_resp_err_t> reports_;
  std::size_t waiting_ = 0;
  bool reached_ = false;  // a message was delivered or refused by a broker
  bool away_ = false;
  rd_kafka_resp_err_t last_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string last_reason_, last_place_;
};

}  // namespace cistern
