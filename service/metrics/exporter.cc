#include "service/metrics/exporter.h"

#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "ingest/message/wall_time.h"
#include "service/metrics/names.h"
#include "service/metrics/process.h"
#include "service/version.h"

namespace cistern {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Builds one family at a time; families without a series are left out.
class Families {
 public:
  Families& Start(const char* name, MetricType type, const char* help) {
    families_.push_back({name, help, type, {}});
    return *this;
  }
  Families& Add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  void Counter(const char* name, const char* help, double value) {
    Start(name, MetricType::Counter, help).Add(value);
  }
  void Gauge(const char* name, const char* help, double value) {
    Start(name, MetricType::Gauge, help).Add(value);
  }
  void Push(MetricFamily family) { families_.push_back(std::move(family)); }
  std::vector<MetricFamily> Take() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

double D(std::uint64_t value) { return static_cast<double>(value); }

void AddLedger(const LedgerSnapshot& books, Families& out) {
  out.Start(metric::kReceivedMessages, MetricType::Counter, "Messages taken off the network, before parsing");
  for (std::size_t i = 1; i < kTransports; ++i) {
    out.Add(D(books.received[i]), {{"transport", std::string(TransportName(static_cast<Transport>(i)))}});
  }
  out.Start(metric::kReceivedBytes, MetricType::Counter, "Octets of these messages");
  for (std::size_t i = 1; i < kTransports; ++i) {
    out.Add(D(books.received_octets[i]),
            {{"transport", std::string(TransportName(static_cast<Transport>(i)))}});
  }
  out.Start(metric::kParsedMessages, MetricType::Counter, "Stored messages by the grammar of their header");
  for (std::size_t i = 0; i < kFormats; ++i) {
    out.Add(D(books.parsed[i]), {{"format", std::string(FormatName(static_cast<Format>(i)))}});
  }
  out.Counter(metric::kStoredMessages, "Messages committed to the store", D(books.stored));
  out.Start(metric::kDroppedMessages, MetricType::Counter, "Messages received and not stored");
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    out.Add(D(books.dropped[i]),
            {{"stage", DropStage(reason)}, {"reason", std::string(DropReasonName(reason))}});
  }
  out.Gauge(metric::kInFlightMessages, "Messages received and neither stored nor dropped yet",
            D(books.in_flight()));
  out.Start(metric::kConnectionsClosed, MetricType::Counter, "Connections closed or refused");
  for (std::size_t i = 0; i < kCloseReasons; ++i) {
    out.Add(D(books.closed[i]), {{"reason", std::string(CloseReasonName(static_cast<CloseReason>(i)))}});
  }
  out.Counter(metric::kExpiredRecords, "Records deleted by retention", D(books.expired));
}

// As a listener's, for the alerts are the same; no listener can have a dot in its name.
constexpr char kControlName[] = "control.tls", kHttpName[] = "http.tls";

void AddControl(const DoorFigures& door, const std::vector<std::pair<std::string, std::uint64_t>>& calls,
                Families& out) {
  out.Gauge(metric::kControlConnections, "Open connections to gRPC over TCP", door.open);
  out.Counter(metric::kControlAccepted, "Connections to gRPC that were accepted", D(door.accepted));
  out.Start(metric::kControlRefused, MetricType::Counter, "Connections to gRPC that were refused or ended");
  for (int i = 0; i < kDoorRefusals; ++i) {
    out.Add(D(door.refused[static_cast<std::size_t>(i)]),
            {{"reason", DoorRefusalName(static_cast<DoorRefusal>(i))}});
  }
  out.Start(metric::kControlCalls, MetricType::Counter, "gRPC calls that ended, by status");
  for (const auto& [code, count] : calls) out.Add(D(count), {{"code", code}});
}

void AddHttp(const HttpFigures& http, Families& out) {
  out.Start(metric::kHttpRequests, MetricType::Counter, "HTTP requests that were answered, by status");
  for (std::size_t i = 0; i < kHttpStatuses.size(); ++i)
    out.Add(D(http.answered[i]), {{"code", std::to_string(kHttpStatuses[i])}});
  out.Start(metric::kHttpRefused, MetricType::Counter, "HTTP connections that ended without an answer");
  for (std::size_t i = 0; i < kHttpRefusals; ++i)
    out.Add(D(http.refused[i]), {{"reason", HttpRefusalName(static_cast<HttpRefusal>(i))}});
}

void AddListeners(const std::vector<ListenerStatus>& listeners, const DoorFigures& door,
                  const HttpFigures& http, const Pipeline& pipeline, Families& out) {
  out.Start(metric::kUdpKernelDrops, MetricType::Counter,
            "Datagrams the kernel dropped before they could be read");
  for (const auto& l : listeners) {
    if (l.receive_buffer > 0) out.Add(D(l.kernel_drops), {{"listener", l.name}});
  }
  out.Start(metric::kUdpReceiveBuffer, MetricType::Gauge, "Receive buffer granted by the kernel");
  for (const auto& l : listeners) {
    if (l.receive_buffer > 0) out.Add(D(l.receive_buffer), {{"listener", l.name}});
  }
  out.Start(metric::kConnections, MetricType::Gauge, "Open connections");
  for (const auto& l : listeners) {
    if (l.receive_buffer == 0) out.Add(l.connections, {{"listener", l.name}});
  }
  const auto certificates = pipeline.certificates();
  out.Start(metric::kCertificateExpiry, MetricType::Gauge, "End of the certificate in use, Unix seconds");
  for (const auto& l : listeners) {
    if (l.certificate_not_after != 0) {
      out.Add(static_cast<double>(l.certificate_not_after), {{"listener", l.name}});
    }
  }
  if (door.certificate_not_after != 0)
    out.Add(static_cast<double>(door.certificate_not_after), {{"listener", kControlName}});
  if (http.certificate_not_after != 0)
    out.Add(static_cast<double>(http.certificate_not_after), {{"listener", kHttpName}});
  out.Start(metric::kCertificateStale, MetricType::Gauge,
            "1 while the newest certificate files on disk were refused");
  for (const auto& [name, state] : certificates) out.Add(state.stale ? 1 : 0, {{"listener", name}});
  if (door.certificate_not_after != 0) out.Add(door.certificate_stale ? 1 : 0, {{"listener", kControlName}});
  if (http.certificate_not_after != 0) out.Add(http.certificate_stale ? 1 : 0, {{"listener", kHttpName}});
}

void AddStore(const StoreStats& stats, const Pipeline& pipeline, Families& out) {
  out.Gauge(metric::kStoreBytes, "Bytes of the store on disk", D(stats.bytes));
  out.Gauge(metric::kStoreRecords, "Records in the store", D(stats.records));
  out.Gauge(metric::kStoreFiles, "Log files of the store", D(stats.log_files));
  out.Gauge(metric::kStoreWalBytes, "Bytes of write-ahead log", D(stats.wal_bytes));
  out.Gauge(metric::kStoreFreeBytes, "Free bytes of the store's file system", D(stats.free_bytes));
  out.Gauge(metric::kStoreTotalBytes, "Size of the store's file system", D(stats.total_bytes));
  out.Gauge(metric::kStoreOldest, "Received time of the oldest record, Unix seconds",
            static_cast<double>(stats.oldest_received) / 1e9);
  out.Gauge(metric::kStoreQuarantined, "Batches that cannot be read because their checksum failed",
            D(stats.quarantined_batches));
  out.Gauge(metric::kStoreWritable, "1 while the store takes writes", pipeline.is_degraded() ? 0 : 1);
}

void AddTargets(const std::vector<TargetView>& targets, Families& out) {
  using Value = std::function<double(const TargetView&)>;
  const auto add = [&](const char* name, MetricType type, const char* help, const Value& value) {
    out.Start(name, type, help);
    for (const TargetView& target : targets) out.Add(value(target), {{"target", target.definition->name()}});
  };
  add(metric::kTargetSentRecords, MetricType::Counter, "Records delivered",
      [](const TargetView& target) { return D(target.figures.sent_records); });
  add(metric::kTargetSentBytes, MetricType::Counter, "Their size as sent, before compression and TLS",
      [](const TargetView& target) { return D(target.figures.sent_bytes); });
  add(metric::kTargetLagRecords, MetricType::Gauge, "Stored records behind the target's position",
      [](const TargetView& target) { return D(target.backlog.records); });
  add(metric::kTargetLagSeconds, MetricType::Gauge, "Age of the oldest of them",
      [](const TargetView& target) {
        const std::int64_t oldest = target.backlog.oldest_received;
        return oldest == 0 ? 0 : std::max(0.0, static_cast<double>(WallTime() - oldest) / 1e9);
      });
  add(metric::kTargetDeadLetters, MetricType::Gauge,
      "Records the destination refused, waiting for a decision",
      [](const TargetView& target) { return D(target.figures.dead_letters); });
  add(metric::kTargetUp, MetricType::Gauge, "0 while the destination fails", [](const TargetView& target) {
    const TargetState state = target.figures.state;
    return state == TargetState::kRetrying || state == TargetState::kBroken ? 0 : 1;
  });
}

void AddTargetLosses(const std::vector<TargetView>& targets, Families& out) {
  out.Start(metric::kTargetErrors, MetricType::Counter, "Failed attempts to deliver");
  for (const TargetView& target : targets) {
    for (std::size_t i = 0; i < kFailureReasons; ++i) {
      const std::string reason(FailureReasonName(static_cast<FailureReason>(i)));
      out.Add(D(target.figures.errors[i]), {{"target", target.definition->name()}, {"reason", reason}});
    }
  }
  out.Start(metric::kTargetLostRecords, MetricType::Counter,
            "Records that were not delivered and will not be");
  for (const TargetView& target : targets) {
    const std::string& name = target.definition->name();
    out.Add(D(target.figures.lost_to_retention), {{"target", name}, {"reason", "retention"}});
    out.Add(D(target.figures.letters_discarded), {{"target", name}, {"reason", "dead_letters_full"}});
    out.Add(D(target.figures.loops), {{"target", name}, {"reason", "loop"}});
  }
}

void AddEvents(const EventFigures& events, Families& out) {
  out.Start(metric::kEvents, MetricType::Counter, "Events raised");
  for (std::size_t i = 0; i < events.by_severity.size(); ++i)
    out.Add(D(events.by_severity[i]), {{"severity", std::string(SeverityName(static_cast<Severity>(i)))}});
  out.Counter(metric::kEventsMuted, "Events of these that no target tells of", D(events.muted));
  out.Counter(metric::kEventsLost, "Events lost because they could not be stored for long", D(events.lost));
  out.Counter(metric::kEventsUnplaced, "Additions to events that are gone", D(events.unplaced));
  out.Gauge(metric::kEventsOpen, "Events that are not resolved", D(events.open));
  out.Gauge(metric::kEventsKept, "Events that are kept", D(events.kept));
}

void AddRules(const std::map<std::string, RuleFigures>& rules, Families& out) {
  const auto add = [&](const char* name, MetricType type, const char* help,
                       std::uint64_t RuleFigures::*value) {
    out.Start(name, type, help);
    for (const auto& [rule, figures] : rules) out.Add(D(figures.*value), {{"rule", rule}});
  };
  add(metric::kRuleMatched, MetricType::Counter, "Records that matched a rule", &RuleFigures::matched);
  add(metric::kRuleDropped, MetricType::Counter, "Of them not stored", &RuleFigures::dropped);
  add(metric::kRuleChanged, MetricType::Counter, "Of them changed", &RuleFigures::changed);
  add(metric::kRuleEvents, MetricType::Counter, "Events raised", &RuleFigures::events);
  add(metric::kRuleEvicted, MetricType::Counter, "Keys that had to go because there were too many",
      &RuleFigures::evicted);
  add(metric::kRuleEventsSuppressed, MetricType::Counter,
      "Events not raised because the rule raised events.max_per_minute already", &RuleFigures::suppressed);
  add(metric::kRuleStateBytes, MetricType::Gauge, "Memory of what a rule knows, about",
      &RuleFigures::state_bytes);
}

void AddDetections(const DetectionRunnerFigures& detections, Families& out) {
  out.Gauge(metric::kDetectionsLagRecords, "Stored records that detections have not read yet",
            D(detections.lag_records));
  out.Gauge(metric::kDetectionsLagSeconds, "Age of the oldest of them", detections.lag_seconds);
  out.Counter(metric::kDetectionsMissed, "Records that retention took before detections had read them",
              D(detections.missed));
}

void AddProcess(Families& out) {
  const ProcessStats process = ReadProcessStats();
  out.Counter("process_cpu_seconds_total", "User and system time of the process", process.cpu_seconds);
  out.Gauge("process_resident_memory_bytes", "Resident memory of the process", D(process.resident_bytes));
  out.Gauge("process_virtual_memory_bytes", "Virtual memory of the process", D(process.virtual_bytes));
  out.Gauge("process_open_fds", "Open file descriptors", D(process.open_fds));
  out.Gauge("process_max_fds", "Limit of open file descriptors", D(process.max_fds));
  out.Gauge("process_start_time_seconds", "Start of the process, Unix seconds", process.start_time);
}

}  // namespace

struct MetricsExporter::Impl {
  MetricSources sources;
  prometheus::Histogram commit{prometheus::Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025,
                                                                       0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}};
};

MetricsExporter::MetricsExporter() : impl_(std::make_unique<Impl>()) {}
MetricsExporter::~MetricsExporter() = default;

void MetricsExporter::SetSources(MetricSources sources) { impl_->sources = std::move(sources); }
void MetricsExporter::ObserveCommit(double seconds) { impl_->commit.Observe(seconds); }

std::string MetricsExporter::Render() {
  const MetricSources& from = impl_->sources;
  Families out;
  AddLedger(from.pipeline->ledger().Read(), out);
  const DoorFigures door = from.door();
  const HttpFigures http = from.http();
  AddListeners(from.listeners(), door, http, *from.pipeline, out);
  out.Gauge(metric::kQueueBytes, "Octets waiting between ingest and store",
            D(from.pipeline->queue().bytes()));
  out.Gauge(metric::kQueueLimitBytes, "Bound of the queue", D(from.pipeline->queue().max_bytes()));
  out.Push({metric::kCommitSeconds,
            "One commit: encoding, writing and syncing",
            MetricType::Histogram,
            {impl_->commit.Collect()}});
  AddStore(from.store->Stats(), *from.pipeline, out);
  out.Gauge(metric::kSenders, "Senders in the table", D(from.pipeline->senders().size()));
  const auto streams = from.streams();
  out.Start(metric::kStreams, MetricType::Gauge, "Open gRPC streams")
      .Add(streams.queries, {{"method", "query"}})
      .Add(streams.tails, {{"method", "tail"}})
      .Add(streams.ingests, {{"method", "ingest"}});
  AddControl(door, from.calls(), out);
  AddHttp(http, out);
  const auto reload = from.reload();
  out.Gauge(metric::kReloadSuccess, "1 when the last reload was accepted", reload.successful ? 1 : 0);
  out.Gauge(metric::kReloadTime, "Time of the last accepted configuration, Unix seconds",
            static_cast<double>(reload.last_success));
  out.Gauge(metric::kClock, "The clock received times are taken from, Unix seconds",
            static_cast<double>(WallTime()) / 1e9);
  out.Start(metric::kBuildInfo, MetricType::Gauge, "Always 1").Add(1, {{"version", kVersion}});
  if (from.targets) {
    const std::vector<TargetView> targets = from.targets();
    AddTargets(targets, out);
    AddTargetLosses(targets, out);
  }
  if (from.rules) AddRules(from.rules(), out);
  if (from.detections) AddDetections(from.detections(), out);
  if (from.events) AddEvents(from.events(), out);
  AddProcess(out);
  return prometheus::TextSerializer{}.Serialize(out.Take());
}

}  // namespace cistern
