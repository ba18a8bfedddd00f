// What a caller may see.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

#include "storage/filter/filter.h"

namespace cistern {

// The filter that limits the right of whoever calls; matches everything where there is none. Every call that
// `honours_filter` gives out only records that it matches.
Filter FilterOfCaller(const grpc::ServerContextBase& rpc);

// `text` and the filter of the caller together. INVALID_ARGUMENT: `text` does not parse.
grpc::Status ReadFilter(const grpc::ServerContextBase& rpc, const std::string& text, Filter& out);

}  // namespace cistern
