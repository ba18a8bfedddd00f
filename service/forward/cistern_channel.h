// The connection of a Cistern target: credentials, and what gRPC's errors mean.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "service/forward/sink.h"

namespace cistern {

namespace v1 {
class CisternTarget;
}

// What a connection needs that lies outside the definition. Empty where the definition names nothing.
struct CisternSecrets {
  std::string token, ca, certificate, key;
};
// kConfiguration: a file cannot be read, or a token holds what a header cannot.
Result<CisternSecrets, Failure> ReadCisternSecrets(const v1::CisternTarget& target);

// A channel that shares its connection with no other; it connects at the first call.
std::shared_ptr<grpc::Channel> MakeCisternChannel(const v1::CisternTarget& target,
                                                  const CisternSecrets& secrets);
void AddToken(const CisternSecrets& secrets, grpc::ClientContext& context);

// `connecting`: nothing was heard on this connection yet.
Failure FailureOfCall(const std::string& address, const grpc::Status& status, bool connecting);

}  // namespace cistern
