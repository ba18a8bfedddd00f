#include "fake_daemon.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "ctl/run.h"

namespace cistern::ctl {
namespace {

constexpr std::int64_t kNow = 1'795'168'800;  // 2026-11-20T10:00:00Z

grpc::Status ToStatus(const CallEnd& end) { return {static_cast<grpc::StatusCode>(end.code), end.text}; }

class FakeLogService : public v1::LogService::Service {
 public:
  explicit FakeLogService(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status Query(grpc::ServerContext*, const v1::QueryRequest* request,
                     grpc::ServerWriter<v1::QueryResponse>* writer) override {
    daemon_.query_requests.push_back(*request);
    for (const auto& response : daemon_.query) writer->Write(response);
    return ToStatus(daemon_.fail);
  }

  grpc::Status Tail(grpc::ServerContext* context, const v1::TailRequest* request,
                    grpc::ServerWriter<v1::TailResponse>* writer) override {
    daemon_.tail_requests.push_back(*request);
    const std::size_t call = daemon_.tail_requests.size() - 1;
    if (call >= daemon_.tails.size()) return {grpc::StatusCode::INTERNAL, "the test expected fewer tails"};
    const TailScript& script = daemon_.tails[call];
    for (const auto& response : script.responses) writer->Write(response);
    while (script.hold && !context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return ToStatus(script.end);
  }

  grpc::Status Aggregate(grpc::ServerContext*, const v1::AggregateRequest* request,
                         v1::AggregateResponse* response) override {
    daemon_.aggregate_requests.push_back(*request);
    *response = daemon_.aggregate;
    return ToStatus(daemon_.fail);
  }

 private:
  FakeDaemon& daemon_;
};

class FakeAdminService : public v1::AdminService::Service {
 public:
  explicit FakeAdminService(FakeDaemon& daemon) : daemon_(daemon) {}

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusResponse* response) override {
    const bool earlier = status_calls_ < daemon_.earlier_status.size();
    *response = earlier ? daemon_.earlier_status[status_calls_] : daemon_.status;
    ++status_calls_;
    return ToStatus(daemon_.fail);
  }

  grpc::Status GetConfig(grpc::ServerContext*, const v1::GetConfigRequest*,
                         v1::GetConfigResponse* response) override {
    *response = daemon_.config;
    return ToStatus(daemon_.fail);
  }

  grpc::Status ListSenders(grpc::ServerContext*, const v1::ListSendersRequest* request,
                           v1::ListSendersResponse* response) override {
    if (daemon_.senders_requests.size() < daemon_.senders.size()) {
      *response = daemon_.senders[daemon_.senders_requests.size()];
    }
    daemon_.senders_requests.push_back(*request);
    return ToStatus(daemon_.fail);
  }

  grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override {
    daemon_.explain_requests.push_back(*request);
    *response = daemon_.explain;
    return ToStatus(daemon_.fail);
  }

 private:
  FakeDaemon& daemon_;
  std::size_t status_calls_ = 0;
};

// Requests a stop when a flush finds the text.
class WatchedBuffer : public std::stringbuf {
 public:
  WatchedBuffer(std::stop_source stop, std::string text) : stop_(std::move(stop)), text_(std::move(text)) {}

 protected:
  int sync() override {
    if (!text_.empty() && str().find(text_) != std::string::npos) stop_.request_stop();
    return 0;
  }

 private:
  std::stop_source stop_;
  std::string text_;
};

RunResult RunWith(std::vector<std::string> args, const std::string& stop_when_seen, bool terminal) {
  setenv("TZ", "UTC", 1);
  unsetenv("CISTERN_ADDR");
  std::stop_source stop;
  WatchedBuffer buffer(stop, stop_when_seen);
  std::ostream out(&buffer);
  std::ostringstream err;
  RunResult result;
  result.exit_code = RunCtl(std::move(args), {.out = out,
                                              .err = err,
                                              .terminal = terminal,
                                              .columns = 60,
                                              .now_ns = kNow * 1'000'000'000,
                                              .stop = stop});
  result.out = buffer.str();
  result.err = err.str();
  return result;
}

}  // namespace

struct FakeDaemon::Impl {
  explicit Impl(FakeDaemon& daemon) : log(daemon), admin(daemon) {}
  FakeLogService log;
  FakeAdminService admin;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

FakeDaemon::FakeDaemon() : impl_(std::make_unique<Impl>(*this)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &impl_->port);
  builder.RegisterService(&impl_->log);
  builder.RegisterService(&impl_->admin);
  impl_->server = builder.BuildAndStart();
}

FakeDaemon::~FakeDaemon() { impl_->server->Shutdown(std::chrono::system_clock::now()); }

std::string FakeDaemon::addr() const { return "127.0.0.1:" + std::to_string(impl_->port); }

RunResult Ctl(const FakeDaemon& daemon, std::vector<std::string> args, const std::string& stop_when_seen,
              bool terminal) {
  args.insert(args.begin(), {"--addr", daemon.addr()});
  return RunWith(std::move(args), stop_when_seen, terminal);
}

RunResult CtlAlone(std::vector<std::string> args, bool terminal) {
  return RunWith(std::move(args), "", terminal);
}

v1::Record MakeRecord(std::uint64_t id, const std::string& message) {
  v1::Record record;
  record.set_id(id);
  record.mutable_received_time()->set_seconds(kNow - 3600 + static_cast<std::int64_t>(id));
  record.set_facility(v1::FACILITY_USER);
  record.set_severity(v1::SEVERITY_NOTICE);
  record.set_hostname("h");
  record.set_app_name("a");
  record.set_message(message);
  record.set_raw("<13>" + message);
  record.set_format(v1::FORMAT_RFC3164);
  return record;
}

}  // namespace cistern::ctl
