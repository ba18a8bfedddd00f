// LogService.Ingest as a Connection: a message counts once the daemon has acknowledged it.
#pragma once

#include <memory>
#include <string>

#include "ctl/sender/connection.h"

namespace grpc {
class Channel;
}

namespace cistern::ctl {

// Starts a stream for the client `client_id`, which must be new: its sequences begin at 1. At most kWindow
// batches wait for their acknowledgement; Send() waits for room. Each batch must fit into 1 MiB.
std::unique_ptr<Connection> OpenIngest(const std::shared_ptr<grpc::Channel>& channel,
                                       const std::string& client_id);

}  // namespace cistern::ctl
