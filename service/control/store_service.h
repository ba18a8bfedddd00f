// StoreService: what looks after the store while it is in use. storage/care does the work, on one thread of
// low priority, a piece at a time.
#pragma once

#include <string>

#include "cistern/v1/store_service.grpc.pb.h"
#include "service/control/log_context.h"

namespace cistern {

// What the calls share. Outlives every call.
struct CareContext {
  static constexpr int kMaxCalls = 2;  // of StoreService, at once
  // `data_dir` is where the store is. Deletes what an interrupted backup left there.
  CareContext(Store& the_store, std::string data_dir);

  Store& store;
  const std::string dir;
  WorkerPool pool{1, ThreadPriority::kHousekeeper};
  OpenStreams calls{kMaxCalls};
};

class StoreServiceImpl final : public v1::StoreService::CallbackService {
 public:
  explicit StoreServiceImpl(CareContext& context) : context_(context) {}

  grpc::ServerWriteReactor<v1::CheckResponse>* Check(grpc::CallbackServerContext* rpc,
                                                     const v1::CheckRequest* request) override;
  grpc::ServerUnaryReactor* GetStats(grpc::CallbackServerContext* rpc, const v1::GetStatsRequest* request,
                                     v1::GetStatsResponse* response) override;
  grpc::ServerWriteReactor<v1::BackupResponse>* Backup(grpc::CallbackServerContext* rpc,
                                                       const v1::BackupRequest* request) override;

 private:
  CareContext& context_;
};

grpc::Status TooManyCareCalls();
grpc::ServerWriteReactor<v1::CheckResponse>* StartCheck(CareContext& context,
                                                        grpc::CallbackServerContext* rpc);
grpc::ServerWriteReactor<v1::BackupResponse>* StartBackup(CareContext& context,
                                                          grpc::CallbackServerContext* rpc);

}  // namespace cistern
