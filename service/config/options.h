// The configuration as options of the layers below.
#pragma once

#include <vector>

#include "ingest/net/listener_options.h"
#include "ingest/parse/zone.h"
#include "service/config/config.h"
#include "storage/store.h"

namespace cistern {

struct NetConfig {
  std::vector<ListenerOptions> listeners;  // in the order of the configuration
  ZoneTable zones;                         // by sender network, with the default
};

// Fails only when a zone that was there when the configuration was loaded is gone.
Result<NetConfig, ConfigErrors> ToListenerOptions(const LoadedConfig& loaded);

// Without a clock: the system's.
StoreOptions ToStoreOptions(const LoadedConfig& loaded);

}  // namespace cistern
