// Records to another Cistern, each exactly once.
//
// The other side keeps the sequence of the last batch of a client in the transaction of its records. The
// sequence of a batch here is the id of its last record, so the first answer of a stream says which records
// are there already, however this side or the other one ended before. One batch is on its way at a time.
#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "ingest/message/wall_time.h"
#include "service/forward/cistern_call.h"
#include "service/forward/cistern_record.h"
#include "service/forward/make_sink.h"

namespace cistern {
namespace {

constexpr std::size_t kBatchBytes = 900u << 10;
// The other side takes requests of up to 4 MiB.
constexpr std::size_t kLargestRecord = (4u << 20) - (64u << 10);

// A test, and dead letters that are sent again, are a client of their own each time, so that what they send
// is new to the other side.
std::string ClientId(const SinkContext& context, const std::string& target) {
  if (context.test) return "test:" + context.store_id + ":" + std::to_string(WallTime());
  std::string id = "target:" + context.store_id + ":" + target;
  if (context.epoch > 0) id += ":" + std::to_string(context.epoch);
  return id;
}

class CisternSink final : public Sink {
 public:
  CisternSink(const v1::Target& target, SinkContext context)
      : target_(target.cistern()),
        context_(std::move(context)),
        definition_(target),
        client_id_(ClientId(context_, target.name())) {}

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  Delivery DeliverLetters(const Chunk& chunk, const Stop& stop) override;

  std::optional<Failure> Idle(const Stop&) override {
    DropIfOver();
    return std::nullopt;
  }

  void Close(std::chrono::steady_clock::time_point) override { Disconnect(); }
  std::string endpoint() const override { return stream_ ? target_.address() : std::string(); }

 private:
  std::optional<Failure> Connect(const Stop& stop);
  std::optional<Failure> Open(const Stop& stop);
  std::optional<Failure> CheckOtherSide(const Stop& stop);
  std::optional<Failure> FailureOf(const CallEnd& end, const std::string& doing, std::int64_t limit,
                                   bool connecting) const;
  std::size_t Fill(const Chunk& chunk, std::size_t first, Delivery& delivery);
  void Send(const Chunk& chunk, std::size_t end, const Stop& stop, Delivery& delivery);
  void DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery);

  void DropIfOver() {
    if (stream_ && stream_->over()) Disconnect();
  }
  void Disconnect() {
    stream_.reset();
    log_.reset();
    channel_.reset();
  }
  static Deadline After(std::int64_t ns) {
    return std::chrono::steady_clock::now() + std::chrono::nanoseconds(ns);
  }

  const v1::CisternTarget& target_;
  const SinkContext context_;
  const v1::Target& definition_;
  const std::string client_id_;
  CisternSecrets secrets_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::LogService::Stub> log_;
  std::unique_ptr<RelayStream> stream_;
  v1::IngestRequest request_;
  std::size_t batch_limit_ = SIZE_MAX;  // records; smaller while one that is refused is looked for
  std::string scratch_;
};

std::optional<Failure> CisternSink::FailureOf(const CallEnd& end, const std::string& doing,
                                              std::int64_t limit, bool connecting) const {
  if (end.waited == Waited::kStopped) return Failure{FailureReason::kStopped, "stopped"};
  if (end.waited == Waited::kTimedOut) {
    return Failure{FailureReason::kTimeout, doing + " " + target_.address() + ": took longer than " +
                                                std::to_string(limit / 1'000'000) + " ms"};
  }
  return FailureOfCall(target_.address(), end.status, connecting);
}

std::optional<Failure> CisternSink::Connect(const Stop& stop) {
  auto secrets = ReadCisternSecrets(target_);  // again, as certificates are renewed
  if (!secrets) return secrets.error();
  secrets_ = std::move(*secrets);
  channel_ = MakeCisternChannel(target_, secrets_);
  if (auto failure = CheckOtherSide(stop)) return failure;
  return Open(stop);
}

std::optional<Failure> CisternSink::CheckOtherSide(const Stop& stop) {
  const auto admin = v1::AdminService::NewStub(channel_);
  v1::GetStatusResponse status;
  const CallEnd end = AskStatus(*admin, secrets_, After(target_.connect_timeout()), stop, status);
  if (end.waited != Waited::kDone || !end.status.ok())
    return FailureOf(end, "connect to", target_.connect_timeout(), true);
  context_.observe(
      {"connect to " + target_.address(), target_.has_tls() ? "connected, with TLS" : "connected"});
  if (status.store_id() == context_.store_id)
    return Failure{FailureReason::kLoop, target_.address() + ": is this daemon's own store"};
  context_.observe({"status", "cisternd " + status.version() + ", store " + status.store_id()});
  return std::nullopt;
}

std::optional<Failure> CisternSink::Open(const Stop& stop) {
  log_ = v1::LogService::NewStub(channel_);
  stream_ = std::make_unique<RelayStream>(*log_, secrets_);
  request_.Clear();
  request_.set_client_id(client_id_);
  const CallEnd end = stream_->Send(request_, 0, After(target_.ack_timeout()), stop);
  if (end.waited != Waited::kDone || !end.status.ok() || stream_->over())
    return FailureOf(end, "answer of", target_.ack_timeout(), false);
  request_.Clear();
  request_.set_relayed(true);
  context_.observe({"open", "has everything up to record " + std::to_string(stream_->committed())});
  return std::nullopt;
}

// Puts rows from `first` on into the request and returns the row behind them: `first` when the record there
// is too large, which is refused then.
std::size_t CisternSink::Fill(const Chunk& chunk, std::size_t first, Delivery& delivery) {
  request_.clear_records();
  std::size_t bytes = 0, row = first;
  for (; row < chunk.rows.size() && row - first < batch_limit_; ++row) {
    const Record record = chunk.view.Row(chunk.rows[row]);
    auto& parsed = *request_.add_records()->mutable_parsed();
    ToRelayed(record, context_.store_id, scratch_, parsed);
    const std::size_t size = parsed.ByteSizeLong();
    if (row > first && bytes + size > kBatchBytes) {
      request_.mutable_records()->RemoveLast();
      break;
    }
    if (size > kLargestRecord) {
      delivery.refused.push_back({record.id, "larger than the 4 MiB that a Cistern takes over gRPC"});
      return first;
    }
    bytes += size;
    request_.set_sequence(std::max<std::uint64_t>(ToInt(record.id), 1));  // the record of a test has no id
  }
  delivery.bytes = bytes;
  return row;
}

void CisternSink::Send(const Chunk& chunk, std::size_t end, const Stop& stop, Delivery& delivery) {
  const std::size_t first = delivery.taken;
  const WithoutBatch wait(chunk);
  const CallEnd sent = stream_->Send(request_, request_.sequence(), After(target_.ack_timeout()), stop);
  if (sent.waited == Waited::kDone && sent.status.ok() && !stream_->over()) {
    context_.observe({"send", "record " + std::to_string(request_.sequence()) + " is committed there"});
    delivery.taken = end;
    batch_limit_ = batch_limit_ > SIZE_MAX / 2 ? SIZE_MAX : batch_limit_ * 2;
    return;
  }
  delivery.bytes = 0;
  const bool refused =
      sent.waited == Waited::kDone && sent.status.error_code() == grpc::StatusCode::INVALID_ARGUMENT;
  if (!refused) {
    delivery.failure = FailureOf(sent, "acknowledgement of", target_.ack_timeout(), false);
  } else if (end - first == 1) {
    delivery.refused.push_back({chunk.ids[first], sent.status.error_message()});
    delivery.taken = end;
  } else {
    batch_limit_ = (end - first) / 2;
  }
  Disconnect();
}

// One batch. Neither progress nor failure: a batch was refused, and its first half is next.
void CisternSink::DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  DropIfOver();
  if (!stream_) {
    const WithoutBatch wait(chunk);
    delivery.failure = Connect(stop);
  }
  if (delivery.failure) return Disconnect();
  const auto known = [&](RecordId id) { return !context_.test && ToInt(id) <= stream_->committed(); };
  const auto fresh = std::partition_point(chunk.ids.begin(), chunk.ids.end(), known);
  delivery.taken = static_cast<std::size_t>(fresh - chunk.ids.begin());
  if (delivery.taken == chunk.rows.size() || !chunk.here()) return;
  const std::size_t end = Fill(chunk, delivery.taken, delivery);
  if (end == delivery.taken) {
    ++delivery.taken;
  } else {
    Send(chunk, end, stop, delivery);
  }
}

// Their sequences were passed long ago.
Delivery CisternSink::DeliverLetters(const Chunk& chunk, const Stop& stop) {
  SinkContext context = context_;
  context.test = true;
  return CisternSink(definition_, std::move(context)).Deliver(chunk, stop);
}

Delivery CisternSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  while (delivery.taken == 0 && !delivery.failure && !chunk.rows.empty() && chunk.here())
    DeliverBatch(chunk, stop, delivery);
  return delivery;
}

}  // namespace

MadeSink MakeCisternSink(const v1::Target& target, SinkContext context) {
  if (auto secrets = ReadCisternSecrets(target.cistern()); !secrets) return secrets.error();
  return std::unique_ptr<Sink>(std::make_unique<CisternSink>(target, std::move(context)));
}

}  // namespace cistern
