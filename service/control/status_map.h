// The only place where our errors become gRPC codes.
#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "service/change_error.h"
#include "storage/filter/filter.h"
#include "storage/store.h"

namespace cistern {

// OK for no error. Messages say what to do next and show no internals.
grpc::Status ToGrpc(const boost::system::error_code& error);
grpc::Status ToGrpc(const ChangeError& error);
// `PERMISSION_DENIED` and so on.
const char* StatusName(grpc::StatusCode code);
// INVALID_ARGUMENT with a text that begins with the field it is about.
grpc::Status InvalidArgument(std::string text);
// INVALID_ARGUMENT: `filter: at byte 12: found ")", expected a word`.
grpc::Status ToGrpc(const FilterError& error, const char* field);

}  // namespace cistern
