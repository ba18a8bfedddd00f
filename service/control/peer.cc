#include "service/control/peer.h"

#include "service/control/call_watch.h"

namespace cistern {

std::string WhoCalls(const grpc::CallbackServerContext& rpc) {
  const auto facts = FactsOf(rpc);
  if (!facts) return "local";
  if (!facts->right || facts->credentials.local) return facts->peer;
  return facts->right->name + " (" + facts->peer + ")";
}

}  // namespace cistern
