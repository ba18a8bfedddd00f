#include "service/control/status_map.h"

#include <iterator>
#include <utility>

#include "storage/query/query.h"

namespace cistern {

grpc::Status ToGrpc(const boost::system::error_code& error) {
  using grpc::StatusCode;
  if (!error) return grpc::Status::OK;
  if (error.category() == QueryErrorCategory()) return InvalidArgument(error.message());
  if (error.category() != StoreCategory()) return {StatusCode::INTERNAL, error.message()};
  switch (static_cast<StoreErrc>(error.value())) {
    case StoreErrc::kLocked:
      return {StatusCode::UNAVAILABLE, "another process uses the store"};
    case StoreErrc::kTooNew:
      return {StatusCode::FAILED_PRECONDITION, "a newer release wrote this store; upgrade the server"};
    case StoreErrc::kDiskFull:
      return {StatusCode::RESOURCE_EXHAUSTED, "the disk is full; send again once there is space"};
    case StoreErrc::kIoError:
      return {StatusCode::UNAVAILABLE, "the store has an I/O error; the server's log says more"};
    case StoreErrc::kCorrupt:
      return {StatusCode::DATA_LOSS, "stored data is damaged; the server's log names the file"};
    case StoreErrc::kBusy:
      return {StatusCode::UNAVAILABLE, "the store is busy; retry"};
    case StoreErrc::kNotFound:
      return {StatusCode::NOT_FOUND, "no such record: the id was never given, or retention deleted it"};
    case StoreErrc::kNoAccess:
      return {StatusCode::UNAVAILABLE, "the store's directory is not accessible"};
    case StoreErrc::kForeignToken:
      return {StatusCode::FAILED_PRECONDITION, "this token belongs to another store; start without it"};
    case StoreErrc::kConflict:
      return {StatusCode::ABORTED, "the revision is not the current one; read again"};
    case StoreErrc::kCancelled:
      return {StatusCode::CANCELLED, "cancelled"};
    case StoreErrc::kDeadline:
      return {StatusCode::DEADLINE_EXCEEDED, "the deadline passed before the answer was complete"};
  }
  return {StatusCode::INTERNAL, error.message()};
}

grpc::Status ToGrpc(const ChangeError& error) {
  using grpc::StatusCode;
  using Kind = ChangeError::Kind;
  switch (error.kind) {
    case Kind::kInvalid:
      return {StatusCode::INVALID_ARGUMENT, error.text};
    case Kind::kNotFound:
      return {StatusCode::NOT_FOUND, error.text};
    case Kind::kConflict:
      return {StatusCode::ABORTED, error.text};
    case Kind::kFromConfiguration:
      return {StatusCode::FAILED_PRECONDITION, error.text};
    case Kind::kOutOfRange:
      return {StatusCode::OUT_OF_RANGE, error.text};
    case Kind::kTooMany:
      return {StatusCode::RESOURCE_EXHAUSTED, error.text};
    case Kind::kStopping:
      return {StatusCode::UNAVAILABLE, error.text};
    case Kind::kStore:
      return ToGrpc(error.store);
  }
  return {StatusCode::INTERNAL, error.text};
}

const char* StatusName(grpc::StatusCode code) {
  constexpr const char* kNames[] = {
      "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
      "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
      "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
      "DATA_LOSS", "UNAUTHENTICATED"};
  return code >= 0 && static_cast<std::size_t>(code) < std::size(kNames) ? kNames[code] : "UNKNOWN";
}

grpc::Status InvalidArgument(std::string text) {
  return {grpc::StatusCode::INVALID_ARGUMENT, std::move(text)};
}

grpc::Status ToGrpc(const FilterError& error, const char* field) {
  return InvalidArgument(std::string(field) + ": " + error.ToString());
}

}  // namespace cistern
