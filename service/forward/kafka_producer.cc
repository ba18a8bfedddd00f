#include "service/forward/kafka_producer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "cistern/v1/target.pb.h"

namespace cistern {
namespace {

constexpr int kLongestPoll = 100;  // ms; a wake-up that was missed costs no more

struct Setting {
  const char* name;
  std::string value;
};

std::string Milliseconds(std::int64_t ns, std::int64_t most) {
  return std::to_string(std::clamp<std::int64_t>(ns / 1'000'000, 1000, most));
}

void AddTlsSettings(const v1::TlsClientConfig& tls, std::vector<Setting>& settings) {
  if (!tls.ca_file().empty()) settings.push_back({"ssl.ca.location", tls.ca_file()});
  if (!tls.cert_file().empty()) settings.push_back({"ssl.certificate.location", tls.cert_file()});
  if (!tls.key_file().empty()) settings.push_back({"ssl.key.location", tls.key_file()});
  settings.push_back({"enable.ssl.certificate.verification", tls.verify() == "none" ? "false" : "true"});
  settings.push_back({"ssl.endpoint.identification.algorithm", tls.verify() == "full" ? "https" : "none"});
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& brokers) {
  std::string joined;
  for (const auto& broker : brokers) joined += (joined.empty() ? "" : ",") + broker;
  return joined;
}

std::vector<Setting> Settings(const v1::KafkaTarget& target, const std::string& password) {
  const bool all = target.acks() == "all";
  std::vector<Setting> settings = {
      {"bootstrap.servers", Join(target.brokers())},
      {"client.id", "cistern"},
      {"acks", all ? "all" : "1"},
      {"enable.idempotence", all ? "true" : "false"},
      {"max.in.flight", all ? "5" : "1"},  // keeps the order
      {"compression.codec", target.compression()},
      {"message.timeout.ms", Milliseconds(target.timeout(), INT32_MAX)},
      {"request.timeout.ms", Milliseconds(target.timeout(), 900'000)},
      {"socket.timeout.ms", Milliseconds(target.timeout(), 300'000)},
      {"reconnect.backoff.max.ms", "2000"},
  };
  const bool sasl = !target.sasl_mechanism().empty();
  settings.push_back(
      {"security.protocol", std::string(sasl ? "sasl_" : "") + (target.has_tls() ? "ssl" : "plaintext")});
  if (target.has_tls()) AddTlsSettings(target.tls(), settings);
  if (sasl) {
    settings.push_back({"sasl.mechanism", target.sasl_mechanism()});
    settings.push_back({"sasl.username", target.user()});
    settings.push_back({"sasl.password", password});
  }
  return settings;
}

FailureReason ReasonOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return FailureReason::kResolve;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return FailureReason::kConnect;
    case RD_KAFKA_RESP_ERR__SSL:
      return FailureReason::kTls;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return FailureReason::kAuth;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
      return FailureReason::kTimeout;
    default:
      return FailureReason::kRejected;
  }
}

}  // namespace

KafkaProducer::KafkaProducer(const v1::KafkaTarget& target)
    : target_(target), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

KafkaProducer::~KafkaProducer() {
  if (kafka_ != nullptr) {
    rd_kafka_purge(kafka_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(kafka_);
  }
  close(fd_);
}

// Empty, or what is wrong.
std::string KafkaProducer::Configure(rd_kafka_conf_t* conf, const std::string& password) {
  char error[256];
  for (const Setting& setting : Settings(target_, password)) {
    if (rd_kafka_conf_set(conf, setting.name, setting.value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
      return error;
  }
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_dr_msg_cb(conf, &OnReport);
  rd_kafka_conf_set_error_cb(conf, &OnError);
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});  // not to stderr
  return {};
}

Result<std::unique_ptr<KafkaProducer>, Failure> KafkaProducer::Make(const v1::KafkaTarget& target,
                                                                    const std::string& password) {
  auto producer = std::unique_ptr<KafkaProducer>(new KafkaProducer(target));
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  if (const std::string wrong = producer->Configure(conf, password); !wrong.empty()) {
    rd_kafka_conf_destroy(conf);
    return Failure{FailureReason::kConfiguration, "kafka: " + wrong};
  }
  char error[256];
  producer->kafka_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (producer->kafka_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return Failure{FailureReason::kConfiguration, std::string("kafka: ") + error};
  }
  const std::uint64_t one = 1;
  rd_kafka_queue_t* queue = rd_kafka_queue_get_main(producer->kafka_);
  rd_kafka_queue_io_event_enable(queue, producer->fd_, &one, sizeof one);
  rd_kafka_queue_destroy(queue);
  return producer;
}

void KafkaProducer::OnReport(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& self = *static_cast<KafkaProducer*>(opaque);
  const auto index = reinterpret_cast<std::uintptr_t>(message->_private);
  if (index >= self.reports_.size()) return;
  self.reports_[index] = message->err;
  --self.waiting_;
  self.reached_ = self.reached_ || message->err >= 0;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  self.last_place_ =
      "partition " + std::to_string(message->partition) + ", offset " + std::to_string(message->offset);
}

void KafkaProducer::OnError(rd_kafka_t*, int error, const char* reason, void* opaque) {
  auto& self = *static_cast<KafkaProducer*>(opaque);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    self.away_ = true;  // why was said before
    return;
  }
  self.last_error_ = static_cast<rd_kafka_resp_err_t>(error);
  self.last_reason_ = reason;
}

bool KafkaProducer::Add(const KafkaMessage& message) {
  const std::size_t index = reports_.size();
  reports_.push_back(RD_KAFKA_RESP_ERR__IN_PROGRESS);
  const void* key = message.key.empty() ? nullptr : message.key.data();
  const auto error = rd_kafka_producev(
      kafka_, RD_KAFKA_V_TOPIC(target_.topic().c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key, message.key.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.value.data()), message.value.size()),
      RD_KAFKA_V_HEADER("cistern.store", message.store.data(), static_cast<ssize_t>(message.store.size())),
      RD_KAFKA_V_HEADER("cistern.id", message.id.data(), static_cast<ssize_t>(message.id.size())),
      RD_KAFKA_V_TIMESTAMP(message.time_ms), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(index)),
      RD_KAFKA_V_END);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++waiting_;
    return true;
  }
  if (index > 0) {
    reports_.pop_back();
  } else {
    reports_.front() = error;
  }
  return false;
}

KafkaProducer::Waited KafkaProducer::Wait(std::chrono::steady_clock::time_point deadline, const Stop& stop) {
  while (true) {
    std::uint64_t count;
    (void)!read(fd_, &count, sizeof count);
    while (rd_kafka_poll(kafka_, 0) > 0) {
    }
    if (waiting_ == 0) return Waited::kAll;
    if (stop.requested()) return Waited::kStopped;
    if (away_ && !reached_) return Waited::kAway;
    if (std::chrono::steady_clock::now() >= deadline) return Waited::kTimedOut;
    pollfd ready[] = {{fd_, POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    poll(ready, 2, kLongestPoll);
  }
}

Failure KafkaProducer::FailureOf(rd_kafka_resp_err_t error) const {
  const bool connection =
      last_error_ != RD_KAFKA_RESP_ERR_NO_ERROR &&
      (ReasonOf(error) == FailureReason::kTimeout || ReasonOf(error) == FailureReason::kConnect);
  if (connection) return {ReasonOf(last_error_), "kafka: " + last_reason_};
  if (error == RD_KAFKA_RESP_ERR__IN_PROGRESS)
    return {FailureReason::kTimeout, "topic " + target_.topic() + ": not acknowledged in time"};
  return {ReasonOf(error), "topic " + target_.topic() + ": " + rd_kafka_err2str(error)};
}

}  // namespace cistern
