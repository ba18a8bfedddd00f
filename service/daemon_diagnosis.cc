#include "service/daemon_diagnosis.h"

#include "cistern/v1/config.pb.h"
#include "ingest/message/wall_time.h"
#include "service/config/options.h"
#include "service/pipeline/pipeline.h"

namespace cistern {
namespace {

constexpr std::size_t kSenders = 1000;  // those heard last

}  // namespace

std::vector<Diagnosis> DiagnoseDaemon(const DaemonParts& parts) {
  const std::int64_t now = WallTime();
  const v1::StorageConfig& storage = parts.loaded.config->storage();
  const auto net = ToListenerOptions(parts.loaded);
  const std::vector<ListenerOptions> wanted = net ? net->listeners : std::vector<ListenerOptions>();
  const std::vector<ListenerStatus> status = parts.net.Status();
  std::size_t total = 0;
  Diagnoses out;
  DiagnoseStore(parts.store.Stats(), storage.free_space_reserve(), storage.retention().max_bytes(), out);
  DiagnoseFolder(storage.dir(), out);
  DiagnoseProcess(ReadProcessStats(), out);
  DiagnoseClock(out);
  DiagnoseLoss(parts.pipeline.ledger().Read(), out);
  DiagnoseListeners(wanted, status, out);
  DiagnoseCertificates(wanted, status, now, out);
  DiagnoseSenders(parts.pipeline.senders().List(0, kSenders, "", &total), out);
  DiagnoseTargets(parts.targets.List(), now, out);
  return out.Take();
}

}  // namespace cistern
