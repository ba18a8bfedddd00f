// Renders every metric in Prometheus' text format. Values are read when asked for; nothing is kept twice.
//
// Threads: Render() by any; ObserveCommit() by the writer thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/net/net_server.h"
#include "service/detect/runner.h"
#include "service/door/door.h"
#include "service/events/event_store.h"
#include "service/forward/targets.h"
#include "service/http/http_server.h"
#include "service/pipeline/pipeline.h"
#include "service/rules/rule_figures.h"
#include "storage/store.h"

namespace cistern {

struct MetricSources {
  Pipeline* pipeline = nullptr;
  Store* store = nullptr;
  std::function<std::vector<ListenerStatus>()> listeners;
  struct Streams {
    int queries = 0, tails = 0, ingests = 0;
  };
  std::function<Streams()> streams;
  std::function<DoorFigures()> door;
  std::function<std::vector<std::pair<std::string, std::uint64_t>>()> calls;  // by status
  std::function<HttpFigures()> http;
  std::function<std::vector<TargetView>()> targets;
  std::function<EventFigures()> events;
  std::function<std::map<std::string, RuleFigures>()> rules;
  std::function<DetectionRunnerFigures()> detections;
  struct Reload {
    bool successful = true;
    std::int64_t last_success = 0;  // Unix seconds
  };
  std::function<Reload()> reload;
};

class MetricsExporter {
 public:
  MetricsExporter();
  ~MetricsExporter();
  // Before the first Render(). Everything named outlives the exporter.
  void SetSources(MetricSources sources);
  void ObserveCommit(double seconds);
  std::string Render();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
