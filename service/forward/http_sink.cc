// Records to an HTTP server; see HttpTarget in target.proto.
//
// A request that is refused for one of its records is cut in halves: the first half goes by itself, and once
// it is taken the rest is known to hold the record, so that log2(n) requests find it. A record that is
// refused alone is a refusal; what was beside it is delivered.
#include <algorithm>
#include <unordered_set>

#include "cistern/v1/target.pb.h"
#include "service/forward/http_answer.h"
#include "service/forward/http_body.h"
#include "service/forward/http_client.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kLongestAnswer = 64 << 10;
constexpr std::size_t kLongestItem = 1 << 10;  // of a bulk answer
constexpr std::size_t kMostDone = 100'000;
// Deliver() comes back after it, so that positions are kept and figures are current.
constexpr std::chrono::milliseconds kSlice{500};

class HttpSink final : public Sink {
 public:
  HttpSink(const v1::HttpTarget& http, std::unique_ptr<HttpClient> client, const std::string& store)
      : http_(http),
        client_(std::move(client)),
        body_(MakeHttpBody(http, store)),
        most_bytes_(http.batch_bytes()) {}

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  void Close(steady_clock::time_point) override { client_->Disconnect(); }
  std::string endpoint() const override { return client_->peer(); }

 private:
  // Rows [begin, end) of a chunk; those that need no delivery any more are not in `sent`.
  struct Request {
    std::size_t begin = 0, end = 0;
    std::vector<std::size_t> sent;
  };
  std::size_t MostRows(const Chunk& chunk, std::size_t begin) const;
  Request Fill(const Chunk& chunk, std::size_t begin);
  void SendNext(const Chunk& chunk, const Stop& stop, Delivery& delivery);
  void Judge(const HttpAnswer& answer, const Chunk& chunk, const Request& request, Delivery& delivery);
  void TakeItems(const HttpAnswer& answer, const Chunk& chunk, const Request& request, Delivery& delivery);
  void Take(const Chunk& chunk, std::size_t end, Delivery& delivery);
  void SplitOrRefuse(const HttpAnswer& answer, const Chunk& chunk, const Request& request,
                     Delivery& delivery);
  static std::uint64_t IdOf(const Chunk& chunk, std::size_t at) { return ToInt(chunk.ids[at]); }

  const v1::HttpTarget& http_;
  const std::unique_ptr<HttpClient> client_;
  const std::unique_ptr<HttpBody> body_;
  std::size_t most_bytes_;                  // shrinks where the server says that it is too much
  std::uint64_t suspect_ = 0;               // up to this id a record was refused; 0: none is known
  std::unordered_set<std::uint64_t> done_;  // behind a record that is to be sent again
};

Delivery HttpSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  const auto until = steady_clock::now() + kSlice;
  do {
    SendNext(chunk, stop, delivery);
  } while (!delivery.failure && delivery.taken < chunk.rows.size() && chunk.here() &&
           (delivery.taken == 0 || steady_clock::now() < until));
  if (!delivery.failure) return delivery;
  client_->Disconnect();
  if (delivery.failure->reason != FailureReason::kAuth) return delivery;
  if (auto failure = client_->ReadSecrets()) delivery.failure = std::move(failure);
  return delivery;
}

std::size_t HttpSink::MostRows(const Chunk& chunk, std::size_t begin) const {
  const std::size_t most = IsSingle(http_) ? 1 : http_.batch_records();
  std::size_t suspects = 0;
  while (begin + suspects < chunk.rows.size() && IdOf(chunk, begin + suspects) <= suspect_) ++suspects;
  return suspects == 0 ? most : std::min(most, std::max<std::size_t>(suspects / 2, 1));
}

HttpSink::Request HttpSink::Fill(const Chunk& chunk, std::size_t begin) {
  const std::size_t most = MostRows(chunk, begin);
  Request request{begin, begin, {}};
  body_->Clear();
  while (request.end < chunk.rows.size() && request.end - begin < most && body_->size() < most_bytes_) {
    if (!done_.contains(IdOf(chunk, request.end))) {
      body_->Add(chunk.view, chunk.rows[request.end]);
      request.sent.push_back(request.end);
    }
    ++request.end;
  }
  return request;
}

void HttpSink::SendNext(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  const Request request = Fill(chunk, delivery.taken);
  if (request.sent.empty()) return Take(chunk, request.end, delivery);
  const bool bulk = http_.preset() == "elasticsearch";
  const std::size_t longest = kLongestAnswer + (bulk ? request.sent.size() * kLongestItem : 0);
  const auto answer = [&] {
    const WithoutBatch wait(chunk);
    return client_->Send(body_->Finish(), longest, stop);
  }();
  if (answer) {
    Judge(*answer, chunk, request, delivery);
  } else {
    delivery.failure = answer.error();
  }
}

void HttpSink::Judge(const HttpAnswer& answer, const Chunk& chunk, const Request& request,
                     Delivery& delivery) {
  switch (VerdictOf(answer.status)) {
    case HttpVerdict::kTaken:
      if (http_.preset() == "elasticsearch") return TakeItems(answer, chunk, request, delivery);
      delivery.bytes += body_->Finish().size();
      return Take(chunk, request.end, delivery);
    case HttpVerdict::kRetry:
      delivery.failure = FailureOf(answer, client_->name());
      return;
    case HttpVerdict::kTooLarge:
      if (request.sent.size() > 1) most_bytes_ = body_->size() / 2;
      return SplitOrRefuse(answer, chunk, request, delivery);
    case HttpVerdict::kRefused:
      return SplitOrRefuse(answer, chunk, request, delivery);
  }
}

void HttpSink::Take(const Chunk& chunk, std::size_t end, Delivery& delivery) {
  while (delivery.taken < end) {
    if (!done_.empty()) done_.erase(IdOf(chunk, delivery.taken));
    ++delivery.taken;
  }
}

void HttpSink::SplitOrRefuse(const HttpAnswer& answer, const Chunk& chunk, const Request& request,
                             Delivery& delivery) {
  const std::uint64_t last = IdOf(chunk, request.sent.back());
  if (request.sent.size() > 1) {
    suspect_ = last;
    return;
  }
  delivery.refused.push_back({RecordId(last), Describe(answer)});
  suspect_ = 0;
  Take(chunk, request.end, delivery);
}

void HttpSink::TakeItems(const HttpAnswer& answer, const Chunk& chunk, const Request& request,
                         Delivery& delivery) {
  if (answer.cut && request.sent.size() > 1) return SplitOrRefuse(answer, chunk, request, delivery);
  const auto items = ReadBulkAnswer(answer.body, request.sent.size());
  if (!items) {
    delivery.failure = Failure{FailureReason::kRejected, client_->name() + ": " + items.error()};
    return;
  }
  delivery.bytes += body_->Finish().size();
  std::size_t taken = request.end;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const BulkItem& item = (*items)[i];
    const std::uint64_t id = IdOf(chunk, request.sent[i]);
    if (item.kind == BulkItem::Kind::kRetry && !delivery.failure) {
      taken = request.sent[i];
      delivery.failure = Failure{FailureReason::kRejected,
                                 client_->name() + ": record " + std::to_string(id) + ": " + item.reason,
                                 answer.retry_after};
    } else if (item.kind == BulkItem::Kind::kRefused && !delivery.failure) {
      delivery.refused.push_back({RecordId(id), item.reason});
    } else if (item.kind == BulkItem::Kind::kTaken && delivery.failure && done_.size() < kMostDone) {
      done_.insert(id);
    }
  }
  Take(chunk, taken, delivery);
}

}  // namespace

MadeSink MakeHttpSink(const v1::Target& target, SinkContext context) {
  const std::string store = context.store_id;
  auto client = HttpClient::Make(target.http(), std::move(context));
  if (!client) return std::move(client.error());
  return std::unique_ptr<Sink>(std::make_unique<HttpSink>(target.http(), std::move(*client), store));
}

}  // namespace cistern
