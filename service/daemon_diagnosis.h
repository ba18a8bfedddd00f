// Diagnose() of AdminService: what each part of the daemon has to say, put together.
#pragma once

#include <vector>

#include "service/config/config.h"
#include "service/diagnose/diagnosis.h"

namespace cistern {

class Pipeline;

struct DaemonParts {
  const LoadedConfig& loaded;
  NetServer& net;
  Store& store;
  Pipeline& pipeline;
  Targets& targets;
};

// Reads files' modes; takes milliseconds. Threads: any, while nobody changes `loaded`.
std::vector<Diagnosis> DiagnoseDaemon(const DaemonParts& parts);

}  // namespace cistern
