// Start order: store, pipeline, listeners, control, HTTP. Stop order is the reverse for what takes records
// in, so that everything accepted is committed and every tail sees it before its stream ends.
#include "service/app.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <atomic>
#include <mutex>

#include "cistern/v1/config.pb.h"
#include "ingest/message/wall_time.h"
#include "ingest/net/net_server.h"
#include "service/access/access.h"
#include "service/access/audit_log.h"
#include "service/access/grants.h"
#include "service/config/changes.h"
#include "service/config/check.h"
#include "service/config/options.h"
#include "service/config/rules.h"
#include "service/config/validate.h"
#include "service/control/control_server.h"
#include "service/crash_point.h"
#include "service/cursor/positions.h"
#include "service/daemon_diagnosis.h"
#include "service/doors.h"
#include "service/events/event_store.h"
#include "service/forward/make_sink.h"
#include "service/forward/own_address.h"
#include "service/forward/targets.h"
#include "service/host_name.h"
#include "service/http/http_server.h"
#include "service/logging.h"
#include "service/metrics/exporter.h"
#include "service/pipeline/pipeline.h"
#include "service/rule_system.h"
#include "service/rules/definition.h"
#include "service/stdout_printer.h"
#include "service/version.h"
#include "storage/store.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

// Of the time Stop() has, this is kept for closing the store and the streams.
constexpr auto kStopReserve = std::chrono::milliseconds(3000);

std::vector<std::string> Lines(const ConfigErrors& errors) {
  std::vector<std::string> lines;
  for (const auto& error : errors.items) lines.push_back(error.ToString());
  return lines;
}

StartError OpenError(const boost::system::error_code& error, const std::string& dir) {
  const bool unavailable = error == StoreErrc::kLocked || error == StoreErrc::kBusy ||
                           error == StoreErrc::kIoError || error == StoreErrc::kDiskFull;
  return {unavailable ? kExitUnavailable : kExitConfig,
          {fmt::format("storage.dir {}: {}", dir, error.message())}};
}

class AppImpl final : public App {
 public:
  AppImpl(ConfigSources sources, LoadedConfig loaded, bool print_to_stdout)
      : sources_(std::move(sources)),
        print_to_stdout_(print_to_stdout),
        start_time_(WallTime()),
        loaded_(std::move(loaded)) {}

  ~AppImpl() override { Stop(std::chrono::milliseconds(0)); }

  Result<void, StartError> Start() override {
    const auto net = ToListenerOptions(loaded_);
    if (!net) return StartError{kExitConfig, Lines(net.error())};
    if (const auto wrong = CheckControlFiles(loaded_); !wrong.empty())
      return StartError{kExitConfig, Lines(wrong)};
    if (auto opened = OpenStore(); !opened) return opened;
    StartPipeline();
    if (auto started = StartNet(*net); !started) return started;
    if (auto started = StartControl(); !started) return started;
    if (auto started = StartHttp(); !started) return started;
    if (auto started = StartTargets(); !started) return started;
    if (print_to_stdout_) printer_ = std::make_unique<StdoutPrinter>(*store_);
    Announce();
    started_ = true;
    return {};
  }

  void Tick() override {
    if (rules_) rules_->Tick();
    if (const auto saved = positions_->Save(); !saved) {
      spdlog::warn("cursor positions were not saved: {}; trying again", saved.error().message());
    }
    if (const auto saved = targets_->Save(HoldForTargets()); !saved) {
      spdlog::warn("positions of targets were not saved: {}; trying again", saved.error().message());
    }
    if (const auto done = events_->Tick(); !done) {
      spdlog::warn("old events were not deleted: {}; trying again", done.error().message());
    }
  }

  Result<std::vector<std::string>, std::string> Reload() override {
    std::lock_guard lock(reload_mutex_);
    sd_notify(0, "RELOADING=1");
    auto changes = TryReload();
    reload_ok_.store(changes.has_value());
    if (changes) {
      reload_time_.store(WallTime() / 1'000'000'000);
      spdlog::info("configuration reloaded");
    } else {
      spdlog::error("configuration not reloaded, the old one stays: {}", changes.error());
    }
    sd_notify(0, "READY=1");
    return changes;
  }

  void Stop(std::chrono::milliseconds limit) override {
    if (stopped_ || !store_) return;
    stopped_ = true;
    draining_.store(true);
    sd_notify(0, "STOPPING=1");
    const auto end = steady_clock::now() + limit;
    const auto drained = limit > kStopReserve ? end - kStopReserve : end;
    if (net_) {
      net_->StopAccepting();
      net_->Drain(drained);
    }
    if (control_) control_->Drain();
    // What rules and detections still have to say is written as well.
    if (pipeline_) pipeline_->EndRuleWaits(drained);
    if (rules_) rules_->Stop();
    events_->Stop(drained);
    if (pipeline_) pipeline_->Stop(drained);
    Tick();  // should a target take longer to end than there is time
    if (targets_) targets_->End(std::min(end, steady_clock::now() + std::chrono::milliseconds(2000)));
    if (control_) control_->Stop(std::min(end, steady_clock::now() + std::chrono::milliseconds(2000)));
    if (printer_) printer_->Stop(end);
    Tick();
    if (started_) LogBooks();
    http_.reset();
    control_.reset();
    audit_.reset();  // writes what waits
    targets_.reset();
    rules_.reset();
    printer_.reset();
    net_.reset();
  }

  std::string control_address() const override { return control_ ? control_->address() : std::string(); }
  std::string http_address() const override { return http_ ? http_->address() : std::string(); }
  std::vector<std::string> listener_addresses() const override {
    std::vector<std::string> out;
    for (const auto& listener : net_->Status()) out.push_back(listener.address);
    return out;
  }

 private:
  const v1::Config& config() const { return *loaded_.config; }

  Result<void, StartError> OpenStore() {
    StoreOptions options = ToStoreOptions(loaded_);
    options.at_point = CrashPointFromEnvironment();
    auto store = Store::Open(options, [](const std::string& text) { spdlog::warn("{}", text); });
    if (!store) return OpenError(store.error(), options.dir);
    store_ = std::move(*store);
    positions_ = std::make_unique<CursorPositions>(*store_);
    targets_ = std::make_unique<Targets>(
        RunnerContext{*store_, config().storage().dir(), &WallTime, &MakeSink,
                      [this](const std::string& protocol, const std::string& address, std::uint16_t port) {
                        return IsOwn(protocol, address, port);
                      }});
    events_ = std::make_unique<EventStore>(*store_, EventLimitsOf(config()), &WallTime, HostName());
    if (const auto opened = events_->Open(); !opened) return OpenError(opened.error(), options.dir);
    if (const auto opened = OpenAccess(); !opened) return OpenError(opened.error(), options.dir);
    // Before anything is deleted that a target waits for.
    if (const auto opened = targets_->Open(HoldForTargets()); !opened)
      return ChangeTrouble("targets", opened.error());
    rules_ = std::make_unique<RuleSystem>(*store_, *events_, LimitsOf(config()), &WallTime);
    if (const auto opened = rules_->Open(ConfiguredRules(config())); !opened)
      return ChangeTrouble("rules", opened.error());
    return {};
  }

  Result<void> OpenAccess() {
    access_ = std::make_unique<Access>(*store_, &WallTime);
    audit_ = std::make_unique<AuditLog>(*store_, &WallTime);
    if (const auto opened = access_->Open(); !opened) return opened.error();
    if (const auto opened = audit_->Open(); !opened) return opened.error();
    access_->SetGrants(ToGrants(config().control()));
    return {};
  }

  void StartPipeline() {
    Pipeline::Options options;
    options.queue.max_bytes = config().queue().max_bytes();
    options.queue.max_age = std::chrono::nanoseconds(config().storage().commit_interval());
    options.observe_commit = [this](double seconds) { exporter_.ObserveCommit(seconds); };
    pipeline_ = std::make_unique<Pipeline>(*store_, std::move(options));
    pipeline_->Start();
    events_->Start(*pipeline_);
    rules_->Start(*pipeline_);
  }

  Result<void, StartError> StartNet(const NetConfig& net) {
    NetServer::Options options;
    options.zones = std::make_shared<const ZoneTable>(net.zones);
    net_ = NetServer::Create(options, *pipeline_, *pipeline_);
    const auto started = net_->Start(net.listeners);
    if (started) return {};
    return StartError{started.error().configuration ? kExitConfig : kExitUnavailable,
                      {started.error().message}};
  }

  Result<void, StartError> StartControl() {
    ControlOptions options;
    options.address = config().control().address();
    options.unix_socket = config().control().unix_socket();
    options.unix_socket_group = config().control().unix_socket_group();
    options.tls = ControlTlsOf(config().control());
    options.access = access_.get();
    options.audit = audit_.get();
    options.max_message_size = config().max_message_size();
    options.store = store_.get();
    options.pipeline = pipeline_.get();
    options.positions = positions_.get();
    options.targets = targets_.get();
    options.events = events_.get();
    options.rules.book = &rules_->book();
    options.rules.figures = [this] { return rules_->Figures(); };
    options.rules.limits = LimitsOf(config());
    options.rules.secret = rules_->secret();
    options.rules.hostname = HostName();
    options.admin.listeners = [this] { return net_->Status(); };
    options.admin.config = [this] {
      std::lock_guard lock(config_mutex_);
      return std::pair(PrintConfig(loaded_), loaded_.file);
    };
    options.admin.reload = [this] { return Reload(); };
    options.admin.rules = [this] { return StateOf(*rules_, *events_); };
    options.admin.diagnose = [this] {
      const std::lock_guard lock(config_mutex_);
      return DiagnoseDaemon({loaded_, *net_, *store_, *pipeline_, *targets_});
    };
    options.admin.store_dir = config().storage().dir();
    options.admin.start_time = start_time_;
    control_ = ControlServer::Create(std::move(options));
    const auto started = control_->Start();
    if (!started) return StartError{kExitUnavailable, {started.error()}};
    own_control_address_ = control_->address();
    return {};
  }

  // Last, since they may ask where the listeners are.
  Result<void, StartError> StartTargets() {
    const auto& configured = config().targets();
    const auto started = targets_->Start(std::vector<v1::Target>(configured.begin(), configured.end()));
    if (started) return {};
    return ChangeTrouble("targets", started.error());
  }

  static StartError ChangeTrouble(const std::string& what, const ChangeError& error) {
    const bool store = error.kind == ChangeError::Kind::kStore;
    return {store ? kExitUnavailable : kExitConfig, {what + ": " + error.text}};
  }

  bool IsOwn(const std::string& protocol, const std::string& address, std::uint16_t port) const {
    std::vector<ListeningAddress> listening;
    for (const auto& listener : net_->Status()) {
      const bool datagrams = listener.transport == Transport::kUdp;
      if (listener.transport != Transport::kUnix)
        listening.push_back({datagrams ? "udp" : "tcp", listener.address});
    }
    listening.push_back({"tcp", own_control_address_});
    return IsOwnAddress(listening, protocol, address, port);
  }

  std::chrono::seconds HoldForTargets() {
    const std::lock_guard lock(config_mutex_);
    const std::chrono::nanoseconds hold(config().storage().retention().hold_for_targets());
    return std::chrono::ceil<std::chrono::seconds>(hold);
  }

  Result<void, StartError> StartHttp() {
    MetricSources sources;
    sources.pipeline = pipeline_.get();
    sources.store = store_.get();
    sources.listeners = [this] { return net_->Status(); };
    sources.streams = [this] {
      const auto s = control_->streams();
      return MetricSources::Streams{s.queries, s.tails, s.ingests};
    };
    sources.door = [this] { return control_->door(); };
    sources.http = [this] { return http_ ? http_->figures() : HttpFigures(); };
    sources.calls = [this] { return control_->calls(); };
    sources.targets = [this] { return targets_->List(); };
    sources.rules = [this] { return rules_->Figures(); };
    sources.detections = [this] { return rules_->DetectionsFigures(); };
    sources.events = [this] { return events_->figures(); };
    sources.reload = [this] { return MetricSources::Reload{reload_ok_.load(), reload_time_.load()}; };
    exporter_.SetSources(std::move(sources));
    if (config().http().address().empty()) return {};
    HttpHandlers handlers{{}, [this] { return exporter_.Render(); }, [this] { return NotReadyReason(); }};
    const bool open = config().http().anonymous() || IsLoopbackAddress(config().http().address());
    handlers.may_read_metrics = [this, open](const HttpCaller& caller) {
      return open ? HttpVerdict() : MayReadMetrics(*access_, *audit_, caller);
    };
    http_ = HttpServer::Create(config().http().address(), HttpTlsOf(config().http()), std::move(handlers));
    const auto started = http_->Start();
    if (!started) return StartError{kExitUnavailable, {started.error()}};
    return {};
  }

  std::string NotReadyReason() const { return draining_.load() ? "draining" : pipeline_->degraded(); }

  void Announce() {
    for (const auto& listener : net_->Status()) {
      spdlog::info("listening on {} {} (listener \"{}\")", TransportName(listener.transport),
                   listener.address, listener.name);
    }
    const StoreStats stats = store_->Stats();
    spdlog::info("cisternd {} is ready: {} records in {}, control {}, http {}", kVersion, stats.records,
                 config().storage().dir(), control_address().empty() ? "unix socket only" : control_address(),
                 http_address().empty() ? "off" : http_address());
    sd_notify(0, "READY=1");
  }

  Result<std::vector<std::string>, std::string> TryReload() {
    auto loaded = LoadConfig(sources_);
    if (!loaded) return fmt::format("{}", fmt::join(Lines(loaded.error()), "; "));
    auto net = ToListenerOptions(*loaded);
    if (!net) return fmt::format("{}", fmt::join(Lines(net.error()), "; "));
    auto zones = std::make_shared<const ZoneTable>(net->zones);
    const std::vector<v1::Target> targets(loaded->config->targets().begin(), loaded->config->targets().end());
    if (const auto checked = targets_->CheckConfigured(targets); !checked)
      return "targets: " + checked.error().text;
    const std::vector<v1::Rule> rules = ConfiguredRules(*loaded->config);
    if (const auto checked = rules_->book().CheckConfigured(rules); !checked)
      return "rules: " + checked.error().text;
    ConfigErrors wrong;
    CheckTokenFiles(loaded->config->control(), loaded->origins, wrong);
    if (!wrong.empty()) return fmt::format("{}", fmt::join(Lines(wrong), "; "));
    if (const auto done = net_->Reconfigure(net->listeners, std::move(zones)); !done)
      return done.error().message;
    if (const auto done = targets_->Configure(targets); !done) return "targets: " + done.error().text;
    if (const auto done = rules_->book().Configure(rules); !done) return "rules: " + done.error().text;
    access_->SetGrants(ToGrants(loaded->config->control()));
    events_->SetLimits(EventLimitsOf(*loaded->config));
    store_->SetRetention(ToStoreOptions(*loaded).retention);
    pipeline_->queue().SetMaxAge(std::chrono::nanoseconds(loaded->config->storage().commit_interval()));
    SetUpLogging(loaded->config->log().level(), loaded->config->log().format());
    auto changes = DescribeChanges(config(), *loaded->config);
    for (const auto& change : changes) spdlog::info("{}", change);
    std::lock_guard lock(config_mutex_);
    loaded_ = std::move(*loaded);
    return changes;
  }

  void LogBooks() const {
    const LedgerSnapshot books = pipeline_->ledger().Read();
    spdlog::info("stopped: received {} = stored {} + dropped {} + in flight {}", books.received_total(),
                 books.stored, books.dropped_total(), books.in_flight());
  }

  const ConfigSources sources_;
  const bool print_to_stdout_;
  const std::int64_t start_time_;
  std::mutex reload_mutex_;  // one reload at a time; taken before config_mutex_
  mutable std::mutex config_mutex_;
  LoadedConfig loaded_;  // written under both; read under either
  MetricsExporter exporter_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<CursorPositions> positions_;
  std::unique_ptr<EventStore> events_;
  std::unique_ptr<Targets> targets_;
  std::unique_ptr<RuleSystem> rules_;
  std::string own_control_address_;  // constant once targets run
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<NetServer> net_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<StdoutPrinter> printer_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> reload_ok_{true};
  std::atomic<std::int64_t> reload_time_{start_time_ / 1'000'000'000};
  bool started_ = false, stopped_ = false;
};

}  // namespace

std::unique_ptr<App> App::Create(ConfigSources sources, LoadedConfig loaded, bool print_to_stdout) {
  return std::make_unique<AppImpl>(std::move(sources), std::move(loaded), print_to_stdout);
}

}  // namespace cistern
