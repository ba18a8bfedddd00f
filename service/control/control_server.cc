#include "service/control/control_server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "service/control/access_service.h"
#include "service/control/admin_service.h"
#include "service/control/call_watch.h"
#include "service/control/event_service.h"
#include "service/control/gate.h"
#include "service/control/log_service.h"
#include "service/control/rule_service.h"
#include "service/control/socket_group.h"
#include "service/control/status_map.h"
#include "service/control/store_service.h"
#include "service/control/target_service.h"

namespace cistern {
namespace {

constexpr std::size_t kMemoryQuota = 40u << 20;
constexpr int kMaxReceiveBytes = 4 << 20;
constexpr int kMaxMetadataBytes = (8 << 10) + 256;  // the door puts its mark to it
constexpr int kMaxStreamsPerConnection = 100;
constexpr auto kTick = std::chrono::seconds(1);

// A clock for waiting streams: once a second, away from gRPC's and the workers' threads.
class Ticker {
 public:
  explicit Ticker(std::function<void()> tick) : tick_(std::move(tick)), thread_([this] { Run(); }) {}
  ~Ticker() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kTick, [this] { return stopping_; })) {
      lock.unlock();
      tick_();
      lock.lock();
    }
  }
  const std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

void Limit(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("cistern");
  quota.Resize(kMemoryQuota);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  builder.SetMaxSendMessageSize(-1);  // one record may be as large as max_message_size allows
  // A small message could be a large one: nothing is decompressed, so a compressed one is refused.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a taken port is an error, not a shared one
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  // A peer that vanished without a word is noticed within a minute and a half.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

// gRPC's own lines go to the daemon's log, in its form.
void LogFromGrpc(gpr_log_func_args* line) {
  const auto level = line->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
  spdlog::log(level, "grpc: {}", line->message);
}

class ControlServerImpl final : public ControlServer {
 public:
  explicit ControlServerImpl(ControlOptions options)
      : options_(std::move(options)),
        ingest_clients_(*options_.store),
        context_{*options_.store, *options_.pipeline, *options_.positions, ingest_clients_,
                 options_.max_message_size},
        care_(*options_.store, options_.admin.store_dir),
        targets_(*options_.targets),
        events_(*options_.events, *options_.targets, *options_.store),
        rule_trials_{*options_.store, *options_.rules.book, options_.rules.limits, options_.rules.secret,
                     options_.rules.hostname},
        rules_{*options_.rules.book, options_.rules.figures, rule_trials_},
        watch_(*options_.access, *options_.audit, visitors_, counts_),
        access_context_{*options_.access, *options_.audit},
        log_service_(context_),
        admin_service_(context_, options_.admin),
        store_service_(care_),
        target_service_(targets_),
        event_service_(events_),
        rule_service_(rules_),
        access_service_(access_context_) {}

  ~ControlServerImpl() override { Stop(std::chrono::steady_clock::now()); }

  Result<void, std::string> Start() override {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    Limit(builder);
    int unix_port = -1;
    if (!options_.address.empty()) {
      door_ = Door::Create(options_.address, options_.tls, visitors_, counts_);
      if (auto bound = door_->Bind(); !bound) return bound;
      using Kind = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
      acceptor_ = builder.experimental().AddExternalConnectionAcceptor(
          Kind::FROM_FD, GuardedCredentials(visitors_, *options_.access, *options_.audit));
    }
    if (!options_.unix_socket.empty()) {
      builder.AddListeningPort("unix:" + options_.unix_socket, grpc::InsecureServerCredentials(), &unix_port);
    }
    builder.RegisterService(&log_service_);
    builder.RegisterService(&admin_service_);
    builder.RegisterService(&store_service_);
    builder.RegisterService(&target_service_);
    builder.RegisterService(&event_service_);
    builder.RegisterService(&rule_service_);
    builder.RegisterService(&access_service_);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(watch_.NewFactory());
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    const mode_t before = umask(0177);  // until the socket file has its group
    // What fails here is said below, in one line.
    gpr_set_log_function([](gpr_log_func_args*) {});
    server_ = builder.BuildAndStart();
    gpr_set_log_function(LogFromGrpc);
    umask(before);
    if (!server_) {
      if (unix_port <= 0 && !options_.unix_socket.empty())
        return "control.unix_socket: cannot listen on " + options_.unix_socket;
      return std::string("gRPC did not start");
    }
    if (!options_.unix_socket.empty()) {
      if (auto opened = OpenSocketToGroup(options_.unix_socket, options_.unix_socket_group); !opened)
        return opened;
    }
    commits_ = context_.store.AddCommitListener(
        [this](RecordId) { context_.tails.ForEach([](OpenStream& tail) { tail.Wake(); }); });
    events_.events.SetListener([this] { events_.watches.ForEach([](OpenStream& watch) { watch.Wake(); }); });
    ticker_ = std::make_unique<Ticker>([this] { Tick(); });
    SetServing(true);
    if (door_) door_->Open([this](int fd) { HandOver(fd); });
    return {};
  }

  void SetServing(bool serving) override {
    if (!server_) return;
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus(serving);
    health->SetServingStatus("cistern.v1.LogService", serving);
    health->SetServingStatus("cistern.v1.AdminService", serving);
    health->SetServingStatus("cistern.v1.StoreService", serving);
    health->SetServingStatus("cistern.v1.TargetService", serving);
    health->SetServingStatus("cistern.v1.EventService", serving);
    health->SetServingStatus("cistern.v1.RuleService", serving);
    health->SetServingStatus("cistern.v1.AccessService", serving);
  }

  void Drain() override {
    context_.draining.store(true);
    SetServing(false);
    for (OpenStreams* streams : AllStreams()) {
      streams->ForEach([](OpenStream& stream) { stream.Drain(); });
    }
  }

  void Stop(std::chrono::steady_clock::time_point deadline) override {
    if (!server_) return;
    Drain();
    ticker_.reset();
    context_.store.RemoveCommitListener(commits_);
    events_.events.SetListener({});
    if (door_) door_->StopAccepting();
    const auto left = deadline - std::chrono::steady_clock::now();
    server_->Shutdown(std::chrono::system_clock::now() + left);
    server_->Wait();
    server_.reset();
    if (door_) door_->Close();
  }

  std::string address() const override { return door_ ? door_->address() : std::string(); }

  std::vector<std::pair<std::string, std::uint64_t>> calls() const override {
    std::vector<std::pair<std::string, std::uint64_t>> calls;
    const auto counts = counts_.Read();
    for (std::size_t i = 0; i < counts.size(); ++i)
      calls.emplace_back(StatusName(static_cast<grpc::StatusCode>(i)), counts[i]);
    return calls;
  }

  DoorFigures door() const override { return door_ ? door_->figures() : DoorFigures(); }

  Streams streams() const override {
    return {context_.queries.size() + context_.sqls.size(), context_.tails.size(), context_.ingests.size()};
  }

 private:
  void HandOver(int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = fd;
    acceptor_->HandleNewConnection(&connection);
  }

  std::array<OpenStreams*, 11> AllStreams() {
    return {&context_.queries, &context_.sqls,           &context_.tails,       &context_.ingests,
            &care_.calls,      &targets_.tests,          &targets_.watches,     &events_.calls,
            &events_.watches,  &rule_trials_.rehearsals, &access_context_.calls};
  }

  void Tick() {
    options_.access->Tick();
    watch_.Tick();
    for (OpenStreams* streams : AllStreams()) {
      streams->ForEach([](OpenStream& stream) { stream.Tick(); });
    }
  }

  const ControlOptions options_;
  IngestClients ingest_clients_;
  LogContext context_;
  CareContext care_;
  TargetContext targets_;
  EventContext events_;
  RuleTrialContext rule_trials_;
  RuleContext rules_;
  Visitors visitors_;
  CallCounts counts_;
  CallWatch watch_;
  AccessContext access_context_;
  LogServiceImpl log_service_;
  AdminServiceImpl admin_service_;
  StoreServiceImpl store_service_;
  TargetServiceImpl target_service_;
  EventServiceImpl event_service_;
  RuleServiceImpl rule_service_;
  AccessServiceImpl access_service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<Door> door_;  // behind the server: it must not hand over to one that is gone
  std::unique_ptr<Ticker> ticker_;
  std::uint64_t commits_ = 0;
};

}  // namespace

std::unique_ptr<ControlServer> ControlServer::Create(ControlOptions options) {
  return std::make_unique<ControlServerImpl>(std::move(options));
}

}  // namespace cistern
