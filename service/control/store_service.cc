#include "service/control/store_service.h"

#include <atomic>
#include <memory>

#include "service/control/calls.h"
#include "service/control/status_map.h"
#include "storage/care/stats.h"
#include "storage/care/temp_path.h"

namespace cistern {
namespace {

void Fill(const LogFileStats& file, v1::LogFileStats* out) {
  out->set_name(file.name);
  out->set_day(file.day);
  out->set_closed(file.closed);
  out->set_records(file.records);
  out->set_blocks(file.blocks);
  out->set_block_records(file.block_records);
  out->set_bytes(file.bytes);
  out->set_received_bytes(file.received_bytes);
  for (const auto& [name, bytes] : file.columns) {
    auto* column = out->add_columns();
    column->set_name(name);
    column->set_bytes(bytes);
  }
}

class StatsCall final : public grpc::ServerUnaryReactor,
                        public OpenStream,
                        public std::enable_shared_from_this<StatsCall> {
 public:
  StatsCall(CareContext& context, v1::GetStatsResponse* response) : context_(context), response_(response) {}

  void Begin() {
    self_ = shared_from_this();
    context_.pool.Post([self = self_] { self->Run(); });
  }
  void Wake() override {}
  void Tick() override {}
  void Drain() override {
    draining_.store(true);
    cancelled_.store(true);
  }
  void OnCancel() override { cancelled_.store(true); }
  void OnDone() override {
    context_.calls.Remove(this);
    auto last = std::move(self_);
  }

 private:
  void Run() {
    const auto stats = MeasureStore(context_.store, context_.dir, cancelled_);
    if (draining_.load()) return Finish({grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"});
    if (!stats) return Finish(ToGrpc(stats.error()));
    for (const LogFileStats& file : stats->files) Fill(file, response_->add_files());
    response_->set_catalog_bytes(stats->catalog_bytes);
    Finish(grpc::Status::OK);
  }

  CareContext& context_;
  v1::GetStatsResponse* const response_;  // gRPC's, valid until OnDone
  std::atomic<bool> cancelled_{false}, draining_{false};
  std::shared_ptr<StatsCall> self_;
};

}  // namespace

CareContext::CareContext(Store& the_store, std::string data_dir)
    : store(the_store), dir(std::move(data_dir)) {
  RemoveCareLeftovers(dir);
}

grpc::ServerWriteReactor<v1::CheckResponse>* StoreServiceImpl::Check(grpc::CallbackServerContext* rpc,
                                                                     const v1::CheckRequest*) {
  return StartCheck(context_, rpc);
}

grpc::ServerUnaryReactor* StoreServiceImpl::GetStats(grpc::CallbackServerContext*, const v1::GetStatsRequest*,
                                                     v1::GetStatsResponse* response) {
  auto call = std::make_shared<StatsCall>(context_, response);
  if (!context_.calls.Add(call)) return new Finished<grpc::ServerUnaryReactor>(TooManyCareCalls());
  call->Begin();
  return call.get();
}

grpc::ServerWriteReactor<v1::BackupResponse>* StoreServiceImpl::Backup(grpc::CallbackServerContext* rpc,
                                                                       const v1::BackupRequest*) {
  return StartBackup(context_, rpc);
}

grpc::Status TooManyCareCalls() {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, "two checks, backups or measurements run already; retry"};
}

}  // namespace cistern
