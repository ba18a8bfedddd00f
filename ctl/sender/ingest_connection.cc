#include "ctl/sender/ingest_connection.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "cistern/v1/log_service.grpc.pb.h"

namespace cistern::ctl {
namespace {

constexpr std::uint64_t kWindow = 32;

class IngestConnection final : public Connection {
 public:
  IngestConnection(const std::shared_ptr<grpc::Channel>& channel, const std::string& client_id)
      : stub_(v1::LogService::NewStub(channel)), stream_(stub_->Ingest(&context_)) {
    request_.set_client_id(client_id);
    reader_ = std::thread([this] { ReadAcknowledgements(); });
  }

  ~IngestConnection() override {
    if (!reader_.joinable()) return;
    context_.TryCancel();
    reader_.join();
  }

  std::size_t Send(const Batch& batch) override {
    if (failed_ || !WaitForRoom()) return Fail();
    request_.set_sequence(++sequence_);
    request_.clear_records();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const std::string_view message = batch.message(i);
      request_.add_records()->set_raw(message.data(), message.size());
    }
    if (!stream_->Write(request_)) return Fail();
    request_.clear_client_id();
    return batch.size();
  }

  bool Finish() override {
    if (failed_) return false;
    stream_->WritesDone();
    reader_.join();
    const grpc::Status status = stream_->Finish();
    if (status.ok() && committed_ == sequence_) return true;
    failed_ = true;
    error_ = status.ok() ? "the daemon ended the stream before it acknowledged everything"
                         : status.error_message();
    return false;
  }

 private:
  void ReadAcknowledgements() {
    v1::IngestResponse response;
    while (stream_->Read(&response)) {
      const std::lock_guard lock(mutex_);
      committed_ = response.committed_sequence();
      changed_.notify_one();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }

  // False when the stream has ended.
  bool WaitForRoom() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || sequence_ < committed_ + kWindow; });
    return !ended_;
  }

  // Takes the reason from the ended stream. Returns 0, the number of messages sent.
  std::size_t Fail() {
    if (failed_) return 0;
    failed_ = true;
    reader_.join();
    error_ = stream_->Finish().error_message();
    return 0;
  }

  grpc::ClientContext context_;
  const std::unique_ptr<v1::LogService::Stub> stub_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::IngestRequest, v1::IngestResponse>> stream_;
  v1::IngestRequest request_;
  std::uint64_t sequence_ = 0;  // of the last batch written
  std::thread reader_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::uint64_t committed_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Connection> OpenIngest(const std::shared_ptr<grpc::Channel>& channel,
                                       const std::string& client_id) {
  return std::make_unique<IngestConnection>(channel, client_id);
}

}  // namespace cistern::ctl
