// StoreService.Backup: the store as an archive, a piece at a time. A client that is slow delays only itself.
#include <chrono>

#include "service/control/calls.h"
#include "service/control/status_map.h"
#include "service/control/store_service.h"
#include "storage/care/backup.h"

namespace cistern {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(250);
constexpr std::size_t kPiece = std::size_t{512} << 10;
constexpr std::size_t kEnough = kPiece / 2;

class BackupCall final : public StreamCall<v1::BackupResponse> {
 public:
  BackupCall(CareContext& context, grpc::CallbackServerContext* rpc)
      : StreamCall(context.pool, rpc, kStuckQuery), context_(context) {}

 private:
  using Clock = std::chrono::steady_clock;

  Step Run(grpc::Status& status) override {
    if (backup_ && backup_->done()) return Step::kDone;
    response().Clear();
    status = Fill();
    if (!status.ok()) return Step::kDone;
    if (response().data().empty() && Clock::now() < next_message_) return Step::kAgain;
    const BackupProgress& progress = backup_->progress();
    response().set_file(progress.file);
    response().set_files(progress.files);
    response().set_files_done(progress.files_done);
    response().set_bytes_expected(progress.bytes_expected);
    for (std::string& note : backup_->TakeNotes()) response().add_notes(std::move(note));
    next_message_ = Clock::now() + kInterval;
    return Step::kWrite;
  }

  // Small pieces share a message; while a copy is made there is nothing to send.
  grpc::Status Fill() {
    if (draining()) return {grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"};
    if (!backup_) {
      auto backup = Backup::Begin(context_.store, {.dir = context_.dir});
      if (!backup) return ToGrpc(backup.error());
      backup_ = std::move(*backup);
    }
    std::string& data = *response().mutable_data();
    while (data.size() < kEnough && !backup_->done()) {
      const auto next = backup_->Next(kPiece - data.size(), piece_);
      if (!next) return StatusOf(next.error());
      if (piece_.empty()) break;
      data += piece_;
    }
    return grpc::Status::OK;
  }

  static grpc::Status StatusOf(const boost::system::error_code& error) {
    if (error == StoreErrc::kDiskFull) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              "the data directory's disk has no room for a copy of the log file that is being written"};
    }
    return ToGrpc(error);
  }

  void Closed() override { context_.calls.Remove(this); }

  CareContext& context_;
  std::unique_ptr<Backup> backup_;
  std::string piece_;
  Clock::time_point next_message_{};
};

}  // namespace

grpc::ServerWriteReactor<v1::BackupResponse>* StartBackup(CareContext& context,
                                                          grpc::CallbackServerContext* rpc) {
  auto call = std::make_shared<BackupCall>(context, rpc);
  if (!context.calls.Add(call))
    return new Finished<grpc::ServerWriteReactor<v1::BackupResponse>>(TooManyCareCalls());
  call->Begin();
  return call.get();
}

}  // namespace cistern
