// cisternd: reads the command line and the configuration, starts an App and waits for signals.
#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>

#include "cistern/v1/config.pb.h"
#include "service/app.h"
#include "service/config/check.h"
#include "service/config/cli.h"
#include "service/logging.h"

extern char** environ;

namespace cistern {
namespace {

constexpr auto kStopLimit = std::chrono::milliseconds(18000);  // systemd and Kubernetes wait at least 20 s
// Few malloc arenas: memory stays near what is in use, and the hot paths do not allocate anyway.
constexpr int kMallocArenas = 4;
// Decoded columns and texts of blocks go back to the system when a query is done with them, instead of
// leaving holes: with four queries in a loop 40 to 60 MiB less, for no CPU that can be measured.
constexpr int kMallocMapped = 384 << 10;

// Every thread inherits the mask, so signals reach only WaitForSignals. A full disk or a reader that went
// away is an error code, not a signal.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return set;
}

// Each connection is a descriptor; the default soft limit is often 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A core file would hold keys, tokens and messages; nor may others of the same user look into the memory.
void ForbidCoreFiles() {
  if (std::getenv("CISTERN_CORE_DUMPS") != nullptr) return;
  const rlimit none{};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);  // also where the kernel gives cores to a program
}

void WaitForSignals(const sigset_t& set, App& app) {
  for (;;) {
    const timespec second{1, 0};
    const int number = sigtimedwait(&set, nullptr, &second);
    if (number == SIGTERM || number == SIGINT) return;
    if (number == SIGHUP) (void)app.Reload();  // it logs what came of it
    app.Tick();
  }
}

int Run(const CommandLine& command) {
  auto loaded = LoadConfig(command.sources);
  if (!loaded) {
    std::cerr << loaded.error().ToString();
    return kExitConfig;
  }
  SetUpLogging(loaded->config->log().level(), loaded->config->log().format());
  const sigset_t signals = BlockSignals();
  RaiseDescriptorLimit();
  ForbidCoreFiles();
  umask(0077);
  mallopt(M_ARENA_MAX, kMallocArenas);
  mallopt(M_MMAP_THRESHOLD, kMallocMapped);
  auto app = App::Create(command.sources, std::move(*loaded), command.to_stdout);
  if (const auto started = app->Start(); !started) {
    for (const std::string& line : started.error().lines) std::cerr << line << '\n';
    return started.error().exit_code;
  }
  WaitForSignals(signals, *app);
  spdlog::info("stopping");
  app->Stop(kStopLimit);
  return kExitOk;
}

}  // namespace
}  // namespace cistern

int main(int argc, char** argv) {
  using namespace cistern;
  auto parsed = ParseCommandLine(argc, argv, ReadEnvironment(environ), std::cout, std::cerr);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const auto& command = std::get<CommandLine>(parsed);
  switch (command.mode) {
    case CommandMode::kCheckConfig:
      return RunCheckConfig(command.sources, std::cout, std::cerr);
    case CommandMode::kPrintConfig:
      return RunPrintConfig(command.sources, std::cout, std::cerr);
    case CommandMode::kRun:
      break;
  }
  try {
    return Run(command);
  } catch (const std::exception& error) {  // start-up only: nothing else throws
    std::cerr << "cisternd: " << error.what() << '\n';
    return kExitSoftware;
  }
}
