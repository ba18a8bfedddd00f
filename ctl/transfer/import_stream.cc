#include "ctl/transfer/import_stream.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cistern/v1/log_service.grpc.pb.h"
#include "ctl/printer/time_text.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kBatchRecords = 4096;
constexpr std::size_t kBatchBytes = 900 << 10;
constexpr std::size_t kMaxRecordBytes = 4'000'000;  // what a daemon takes in one request
constexpr std::uint64_t kWindow = 16;               // batches under way

std::string ClientId(const RecordReader& reader) {
  if (!reader.content_id().empty()) return reader.content_id();
  return fmt::format("import-pipe-{}-{}", WallTime(), getpid());
}

class ImportStream {
 public:
  ImportStream(const std::shared_ptr<grpc::Channel>& channel, const std::string& client_id)
      : stub_(v1::LogService::NewStub(channel)), stream_(stub_->Ingest(&context_)) {
    request_.set_client_id(client_id);
    request_.set_imported(true);
  }

  // The position that was committed before; nothing when the stream has failed.
  std::optional<std::uint64_t> Begin() {
    v1::IngestResponse response;
    if (!stream_->Write(request_) || !stream_->Read(&response)) return std::nullopt;
    request_.clear_client_id();
    reader_ = std::thread([this] { ReadAcknowledgements(); });
    return response.committed_sequence();
  }

  v1::Record* Add() { return request_.add_records()->mutable_parsed(); }
  void RemoveLast() { request_.mutable_records()->RemoveLast(); }

  // False when the stream has failed.
  bool Send(std::uint64_t position) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ended_ || sent_ - acknowledged_ < kWindow * kBatchRecords; });
      if (ended_) return false;
      sent_ += static_cast<std::uint64_t>(request_.records_size());
    }
    request_.set_sequence(position);
    const bool written = stream_->Write(request_);
    request_.clear_records();
    return written;
  }

  // Waits for the last acknowledgement.
  grpc::Status Finish() {
    stream_->WritesDone();
    if (reader_.joinable()) reader_.join();
    return stream_->Finish();
  }

  std::uint64_t stored() {
    const std::lock_guard lock(mutex_);
    return stored_;
  }

 private:
  void ReadAcknowledgements() {
    v1::IngestResponse response;
    while (stream_->Read(&response)) {
      const std::lock_guard lock(mutex_);
      stored_ += response.stored();
      acknowledged_ += response.stored() + response.duplicates();
      changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }

  grpc::ClientContext context_;
  const std::unique_ptr<v1::LogService::Stub> stub_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::IngestRequest, v1::IngestResponse>> stream_;
  v1::IngestRequest request_;
  std::thread reader_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t sent_ = 0, acknowledged_ = 0, stored_ = 0;  // records
  bool ended_ = false;
};

// Fills one batch. False at the end of the file.
bool FillBatch(RecordReader& reader, ImportStream& stream, ImportResult& result, std::size_t& records) {
  std::size_t bytes = 0;
  for (records = 0; records < kBatchRecords && bytes < kBatchBytes;) {
    v1::Record* record = stream.Add();
    const auto got = reader.Next(*record);
    const bool whole = got && *got == RecordReader::Got::kRecord;
    const std::size_t size = whole ? record->ByteSizeLong() : 0;
    if (whole && size <= kMaxRecordBytes - kBatchBytes) {
      if (record->has_received_time()) result.oldest = std::min(result.oldest, ToNs(record->received_time()));
      bytes += size;
      ++records;
      continue;
    }
    stream.RemoveLast();
    if (!got) result.file_error = got.error();
    if (!got || *got == RecordReader::Got::kEnd) return false;
    if (++result.unreadable > 1) continue;
    result.first_problem = whole ? "a record of more than 3 MB" : reader.problem();
  }
  return true;
}

}  // namespace

CallStatus Import(Context& context, const std::shared_ptr<grpc::Channel>& channel, RecordReader& reader,
                  const std::function<void()>& progress, ImportResult& result) {
  ImportStream stream(channel, ClientId(reader));
  const auto begin = stream.Begin();
  bool more = begin.has_value();
  if (more && *begin > 0) {
    result.skipped_to = *begin;
    if (auto skipped = reader.SkipTo(*begin); !skipped) {
      result.file_error = skipped.error();
      more = false;
    }
  }
  while (more && !context.stop.stop_requested()) {
    std::size_t records = 0;
    more = FillBatch(reader, stream, result, records);
    if (records > 0 && !stream.Send(reader.position())) break;
    result.read += records;
    progress();
  }
  const grpc::Status status = stream.Finish();
  result.stored = stream.stored();
  return ToCallStatus(status, context.addr, channel->GetState(false) == GRPC_CHANNEL_READY, 0);
}

}  // namespace cistern::ctl
