// Records to a Kafka topic: a batch is produced as a whole and taken as far as, from its beginning, each
// message has its report. What lies behind a message that failed is offered again, so that the order is kept
// within a partition; some of it may then be there twice.
#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "service/forward/format.h"
#include "service/forward/kafka_producer.h"
#include "service/forward/make_sink.h"
#include "service/forward/spec.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

constexpr std::size_t kBatchBytes = 1u << 20;
// What librdkafka waits longer than the timeout of a message, at most, until it says so.
constexpr std::chrono::seconds kGrace{2};

// The message itself is at fault, whenever it is sent.
bool IsPermanent(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

class KafkaSink final : public Sink {
 public:
  KafkaSink(const v1::KafkaTarget& target, SinkContext context)
      : target_(target),
        context_(std::move(context)),
        formatter_({.form = RecordFormatter::FormOf(target.format()), .mark_store = context_.store_id}) {
    if (auto field = ParseField(target.key()); field && !target.key().empty()) key_ = *field;
  }

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override {
    Delivery delivery;
    while (delivery.taken == 0 && !delivery.failure && !chunk.rows.empty() && chunk.here())
      DeliverBatch(chunk, stop, delivery);
    if (delivery.failure) producer_.reset();
    return delivery;
  }

  void Close(std::chrono::steady_clock::time_point) override { producer_.reset(); }
  std::string endpoint() const override { return producer_ ? target_.brokers(0) : std::string(); }

 private:
  std::optional<Failure> Connect();
  void DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery);
  void Produce(const Chunk& chunk);
  std::string KeyOf(BatchView& view, std::uint32_t row) const;
  void Settle(const Chunk& chunk, KafkaProducer::Waited waited, Delivery& delivery);

  const v1::KafkaTarget& target_;
  const SinkContext context_;
  RecordFormatter formatter_;
  std::optional<FieldRef> key_;
  std::unique_ptr<KafkaProducer> producer_;
  std::size_t batch_limit_ = SIZE_MAX;  // messages; smaller while one that is refused is looked for
  std::vector<std::size_t> sizes_;      // of the batch at hand
};

std::optional<Failure> KafkaSink::Connect() {
  std::string password;
  if (!target_.password().empty()) {
    auto secret = ReadSecret(target_.password());
    if (!secret) return Failure{FailureReason::kConfiguration, "kafka.password: " + secret.error()};
    password = std::move(*secret);
  }
  auto producer = KafkaProducer::Make(target_, password);
  if (!producer) return producer.error();
  producer_ = std::move(*producer);
  return std::nullopt;
}

std::string KafkaSink::KeyOf(BatchView& view, std::uint32_t row) const {
  std::string key;
  if (!key_) return key;
  FieldValues(view, *key_, {row}, [&](std::uint32_t, std::string_view value) {
    if (key.empty()) key = value;
  });
  return key;
}

void KafkaSink::Produce(const Chunk& chunk) {
  producer_->Begin();
  sizes_.clear();
  std::string text;
  std::size_t bytes = 0;
  for (const std::uint32_t row : chunk.rows.first(std::min(chunk.rows.size(), batch_limit_))) {
    const Record record = chunk.view.Row(row);
    text.clear();
    formatter_.Append(record, text);
    if (!sizes_.empty() && bytes + text.size() > kBatchBytes) break;
    const std::string id = std::to_string(ToInt(record.id)), key = KeyOf(chunk.view, row);
    const bool queued = producer_->Add({.key = key,
                                        .value = text,
                                        .store = context_.store_id,
                                        .id = id,
                                        .time_ms = record.received / 1'000'000});
    if (queued || sizes_.empty()) sizes_.push_back(text.size());
    if (!queued) break;
    bytes += text.size();
  }
}

// What came of the batch, from its beginning to the first message that has to be sent again.
void KafkaSink::Settle(const Chunk& chunk, KafkaProducer::Waited waited, Delivery& delivery) {
  const auto& reports = producer_->reports();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const rd_kafka_resp_err_t report = reports[i];
    if (report == RD_KAFKA_RESP_ERR_NO_ERROR) {
      delivery.bytes += sizes_[i];
    } else if (IsPermanent(report) && reports.size() == 1) {
      delivery.refused.push_back({chunk.ids[i], rd_kafka_err2str(report)});
    } else if (IsPermanent(report)) {
      batch_limit_ = std::max<std::size_t>(i, 1);  // a broker refuses a batch for one of its messages
      return;
    } else {
      delivery.failure = waited == KafkaProducer::Waited::kStopped
                             ? Failure{FailureReason::kStopped, "stopped"}
                             : producer_->FailureOf(report);
      return;
    }
    ++delivery.taken;
  }
  batch_limit_ = batch_limit_ > SIZE_MAX / 2 ? SIZE_MAX : batch_limit_ * 2;
}

void KafkaSink::DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  if (!producer_) delivery.failure = Connect();
  if (delivery.failure) return;
  Produce(chunk);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(target_.timeout()) + kGrace;
  const auto waited = [&] {
    const WithoutBatch wait(chunk);
    return producer_->Wait(deadline, stop);
  }();
  Settle(chunk, waited, delivery);
  if (delivery.taken > 0 && !delivery.failure && delivery.refused.empty())
    context_.observe({"produce to " + target_.topic(), "acknowledged: " + producer_->last_place()});
}

}  // namespace

MadeSink MakeKafkaSink(const v1::Target& target, SinkContext context) {
  const v1::KafkaTarget& kafka = target.kafka();
  if (!kafka.password().empty()) {
    if (const auto secret = ReadSecret(kafka.password()); !secret)
      return Failure{FailureReason::kConfiguration, "kafka.password: " + secret.error()};
  }
  return std::unique_ptr<Sink>(std::make_unique<KafkaSink>(kafka, std::move(context)));
}

}  // namespace cistern
