// LogService.Ingest: records in, acknowledged once they are committed.
//
// One request is handled at a time: it is parsed, handed to the writer, and only then the next one is read,
// so a full queue stops the client through gRPC's flow control. Acknowledgements are a watermark: several
// commits may be answered by one response.
#include <chrono>

#include "ingest/message/wall_time.h"
#include "ingest/parse/parser.h"
#include "service/control/call_watch.h"
#include "service/control/calls.h"
#include "service/control/convert.h"
#include "service/control/import_record.h"
#include "service/control/ingest_client.h"
#include "service/control/peer.h"
#include "service/control/status_map.h"
#include "service/events/event_names.h"

namespace cistern {
namespace {

using grpc::StatusCode;

class IngestCall final : public grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>,
                         public OpenStream,
                         public IngestStream,
                         public std::enable_shared_from_this<IngestCall> {
 public:
  IngestCall(LogContext& context, grpc::CallbackServerContext* rpc)
      : context_(context), facts_(FactsOf(*rpc)) {
    if (!facts_ || !facts_->visitor) return;
    peer_ = facts_->visitor->address;
    port_ = facts_->visitor->port;
  }

  void Begin() {
    self_ = shared_from_this();
    Next();
  }

  // OpenStream
  void Wake() override {}
  void Tick() override {
    if (const auto why = facts_ ? facts_->revoked() : std::nullopt) End(*why);
  }
  void Drain() override {
    End({StatusCode::UNAVAILABLE, "the server is stopping; send again what is not acknowledged"});
  }

  // IngestStream; from the writer thread, so the work is done elsewhere.
  void Committed(std::uint64_t sequence) override {
    context_.ack_pool.Post([self = shared_from_this(), sequence] { self->Acknowledge(sequence); });
  }
  void Failed(const boost::system::error_code& error) override {
    context_.ack_pool.Post([self = shared_from_this(), error] { self->End(ToGrpc(error)); });
  }
  void TakenOver() override { End({StatusCode::ABORTED, "another stream of this client took over"}); }

  // gRPC
  void OnReadDone(bool ok) override {
    if (ok) return Handle();
    {
      std::lock_guard lock(mutex_);
      reads_done_ = true;
    }
    FinishIfDone();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status::CANCELLED);
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
    }
    WriteIfDue();
    FinishIfDone();
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override {
    LogContext& context = context_;  // outlives the call, which may end in the next lines
    context.ingests.Remove(this);
    const auto client = std::move(client_);
    self_.reset();
    if (client) context.ingest_clients.Close(client);
  }

 private:
  void Handle() {
    if (context_.pipeline.is_degraded()) return End(ToGrpc(StoreErrc::kDiskFull));
    if (client_) return Take();
    const std::string& id = request_.client_id();
    if (id.empty() || id.size() > kMaxClientId)
      return End(InvalidArgument("client_id: 1 to 128 octets in the first request"));
    if (id == kEventClient) return End(InvalidArgument("client_id: this one is the server's own"));
    Acknowledge(OpenClient(id));  // goes on with Take()
  }

  // Returns what is committed. A batch that an earlier stream brought may still be on its way: what is sent
  // again may be cut differently, so that only its end would be recognised as a repeat. Hence nothing is
  // acknowledged or taken before.
  std::uint64_t OpenClient(const std::string& id) {
    client_ = context_.ingest_clients.Open(id, shared_from_this());
    std::lock_guard client_lock(client_->mutex);
    std::lock_guard lock(mutex_);
    awaited_ = client_->enqueued;
    return client_->committed;
  }

  void Take() {
    if (auto status = CheckRequest(); !status.ok()) return End(status);
    if (request_.records().empty()) return Next();  // only announces the client
    item_.batch = context_.pipeline.NewBatch();
    item_.imported = request_.imported();
    if (auto status = ParseRecords(*item_.batch); !status.ok()) return End(status);
    sequence_ = request_.sequence();
    Push();
  }

  grpc::Status CheckRequest() const {
    if (request_.records().empty()) return grpc::Status::OK;
    if (request_.imported() && request_.relayed()) return InvalidArgument("relayed: not with imported");
    if (request_.sequence() == 0) return InvalidArgument("sequence: must be at least 1");
    if (request_.sequence() <= sequence_) {
      return InvalidArgument("sequence: " + std::to_string(request_.sequence()) + " does not follow " +
                             std::to_string(sequence_));
    }
    if (static_cast<std::size_t>(request_.records_size()) > kMaxIngestRecords) {
      return InvalidArgument("records: at most 65536 in a request");
    }
    return grpc::Status::OK;
  }

  grpc::Status ParseRecords(RecordBatch& batch) {
    const std::int64_t now = WallTime();
    batch.records().resize(static_cast<std::size_t>(request_.records_size()));
    for (int i = 0; i < request_.records_size(); ++i) {
      Record& out = batch.records()[static_cast<std::size_t>(i)];
      const auto wrong = Read(request_.records(i), now, batch, out);
      if (!wrong.empty()) return InvalidArgument("records[" + std::to_string(i) + "]." + wrong);
      batch.received_octets += out.raw.size();
    }
    return grpc::Status::OK;
  }

  std::string Read(const v1::IngestRecord& in, std::int64_t now, RecordBatch& batch, Record& out) const {
    if (request_.imported()) return Import(in, now, batch, out);
    const bool parsed = in.content_case() == v1::IngestRecord::kParsed;
    return request_.relayed() && parsed ? RelayedRecord(in.parsed(), now, batch, out)
                                        : Parse(in, now, batch, out);
  }

  std::string Parse(const v1::IngestRecord& in, std::int64_t now, RecordBatch& batch, Record& out) const {
    auto wrong = in.content_case() == v1::IngestRecord::kParsed ? FromProto(in.parsed(), now, batch, out)
                                                                : ParseRaw(in.raw(), now, batch, out);
    out.received = now;
    out.peer = peer_;
    out.port = port_;
    out.transport = Transport::kGrpc;
    out.listener = batch.Intern("grpc");
    return wrong;
  }

  std::string Import(const v1::IngestRecord& in, std::int64_t now, RecordBatch& batch, Record& out) const {
    if (in.content_case() == v1::IngestRecord::kParsed) return ImportRecord(in.parsed(), now, batch, out);
    auto wrong = ParseRaw(in.raw(), now, batch, out);
    MarkImported(now, out);
    return wrong;
  }

  std::string ParseRaw(std::string_view raw, std::int64_t received, RecordBatch& batch, Record& out) const {
    if (raw.find_first_not_of(std::string_view("\r\n\0", 3)) == std::string_view::npos)
      return "raw: is empty";
    if (raw.size() > context_.max_message_size) {
      raw = raw.substr(0, context_.max_message_size);
      out.flags |= kFlagTruncated;
    }
    ParseMessage(batch.arena().Copy(raw), ParseContext{received, nullptr}, out);
    return {};
  }

  enum class Pushed { kAccepted, kKnown, kFull, kOver };

  void Push() {
    switch (TryPush()) {
      case Pushed::kOver:
        return;  // ended meanwhile
      case Pushed::kFull:
        if (context_.pipeline.queue().closed()) return Drain();
        context_.pipeline.NotifyWhenSpace(
            [self = shared_from_this()] { self->context_.ack_pool.Post([self] { self->Push(); }); });
        return;
      case Pushed::kKnown:
        WriteIfDue();  // tells the client, and before the stream can end
        return Next();
      case Pushed::kAccepted:
        return Next();
    }
  }

  Pushed TryPush() {
    const auto count = static_cast<std::uint64_t>(request_.records_size());
    const std::uint64_t octets = item_.batch->received_octets;
    Ledger& ledger = context_.pipeline.ledger();
    std::lock_guard client_lock(client_->mutex);
    if (finished() || client_->stream.lock().get() != this) return Pushed::kOver;
    if (sequence_ <= client_->enqueued) {
      ledger.Received(Transport::kGrpc, count, octets);
      ledger.Dropped(DropReason::kDuplicate, count);
      Count(0, count);
      return Pushed::kKnown;
    }
    item_.sequence = {client_->id, sequence_};
    item_.done = [client = client_, self = weak_from_this(), sequence = sequence_,
                  count](const boost::system::error_code& error) {
      if (const auto call = self.lock(); call && !error) call->Count(count, 0);
      IngestClients::Ended(client, sequence, error);
    };
    if (!context_.pipeline.TryPushAcknowledged(item_)) return Pushed::kFull;
    ledger.Received(Transport::kGrpc, count, octets);
    client_->enqueued = sequence_;
    return Pushed::kAccepted;
  }

  void Next() {
    {
      std::lock_guard lock(mutex_);
      if (finished_) return;
      ++starting_;
    }
    StartRead(&request_);
    Started();
  }

  void Count(std::uint64_t stored, std::uint64_t duplicates) {
    std::lock_guard lock(mutex_);
    stored_ += stored;
    duplicates_ += duplicates;
    if (duplicates > 0) ack_due_ = true;
  }

  void Acknowledge(std::uint64_t sequence) {
    bool first = false;
    {
      std::lock_guard lock(mutex_);
      acknowledged_ = std::max(acknowledged_, sequence);
      if (acknowledged_ < awaited_) return;
      ack_due_ = true;
      first = !std::exchange(opened_, true);
    }
    WriteIfDue();
    if (first) Take();
  }

  void WriteIfDue() {
    {
      std::lock_guard lock(mutex_);
      if (!ack_due_ || writing_ || finished_) return;
      ack_due_ = false;
      writing_ = true;
      ++starting_;
      response_.set_committed_sequence(acknowledged_);
      response_.set_stored(std::exchange(stored_, 0));
      response_.set_duplicates(std::exchange(duplicates_, 0));
    }
    StartWrite(&response_);
    Started();
  }

  // The client has sent everything: ends once all of it is acknowledged.
  void FinishIfDone() {
    {
      std::lock_guard lock(mutex_);
      if (!reads_done_ || writing_ || ack_due_ || finished_ || acknowledged_ < sequence_) return;
      finished_ = true;
      if (starting_ > 0) return;
    }
    Finish(grpc::Status::OK);
  }

  // Whoever ends the call while a read or a write is being started leaves Finish() to the one who starts it:
  // gRPC may free the call behind Finish(), and takes no other operation beside it.
  void End(const grpc::Status& status) {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(finished_, true)) return;
      status_ = status;
      if (starting_ > 0) return;
    }
    Finish(status);
  }

  void Started() {
    {
      std::lock_guard lock(mutex_);
      if (--starting_ > 0 || !finished_) return;
    }
    Finish(status_);
  }

  bool finished() {
    std::lock_guard lock(mutex_);
    return finished_;
  }

  LogContext& context_;
  const std::shared_ptr<const CallFacts> facts_;
  IpAddress peer_;
  std::uint16_t port_ = 0;
  std::shared_ptr<IngestCall> self_;
  std::shared_ptr<IngestClient> client_;
  v1::IngestRequest request_;   // gRPC's while a read is under way, else the handler's
  QueueItem item_;              // the handler's
  std::uint64_t sequence_ = 0;  // of the request handled last; the handler's
  std::mutex mutex_;
  // Guarded by mutex_.
  v1::IngestResponse response_;  // gRPC's while writing_
  std::uint64_t acknowledged_ = 0, stored_ = 0, duplicates_ = 0;
  std::uint64_t awaited_ = UINT64_MAX;  // acknowledgements begin with this one
  bool opened_ = false;                 // the first request was answered
  bool ack_due_ = false, writing_ = false, reads_done_ = false, finished_ = false;
  int starting_ = 0;     // threads inside StartRead() or StartWrite()
  grpc::Status status_;  // written once, with finished_
};

}  // namespace

grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>* StartIngest(
    LogContext& context, grpc::CallbackServerContext* rpc) {
  auto call = std::make_shared<IngestCall>(context, rpc);
  if (!context.ingests.Add(call)) {
    return new Finished<grpc::ServerBidiReactor<v1::IngestRequest, v1::IngestResponse>>(
        {StatusCode::RESOURCE_EXHAUSTED, "too many ingest streams are open"});
  }
  call->Begin();
  return call.get();
}

}  // namespace cistern
