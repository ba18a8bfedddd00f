// The daemon put together. App owns start, stop and reload, so a test can run the whole service in-process on
// port 0.
//
// Threads: Start(), Tick() and Stop() on one thread; Reload() and the accessors on any.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "service/config/config.h"
#include "service/config/exit_code.h"

namespace cistern {

struct StartError {
  int exit_code = kExitSoftware;
  std::vector<std::string> lines;  // for the operator
};

class App {
 public:
  // `sources` are read again at every reload.
  static std::unique_ptr<App> Create(ConfigSources sources, LoadedConfig loaded, bool print_to_stdout);
  virtual ~App() = default;

  // Opens the store, the control plane and the listeners. All or none.
  virtual Result<void, StartError> Start() = 0;
  // Housekeeping; call about once a second.
  virtual void Tick() = 0;
  // Takes the configuration and the certificates again. The error is the text for the operator; the old
  // configuration stays.
  virtual Result<std::vector<std::string>, std::string> Reload() = 0;
  // Stops accepting, drains, commits and closes; takes at most `limit`.
  virtual void Stop(std::chrono::milliseconds limit) = 0;

  // As bound: for tests and the start-up log. Empty when not open.
  virtual std::string control_address() const = 0;
  virtual std::string http_address() const = 0;
  virtual std::vector<std::string> listener_addresses() const = 0;
};

}  // namespace cistern
