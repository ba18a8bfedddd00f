// How a Client calls: for the files that define its methods.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>

#include "cistern/v1/access_service.grpc.pb.h"
#include "cistern/v1/admin_service.grpc.pb.h"
#include "cistern/v1/event_service.grpc.pb.h"
#include "cistern/v1/log_service.grpc.pb.h"
#include "cistern/v1/rule_service.grpc.pb.h"
#include "cistern/v1/store_service.grpc.pb.h"
#include "cistern/v1/target_service.grpc.pb.h"
#include "ctl/client.h"

namespace cistern::ctl {

inline constexpr std::int64_t kUnaryCallTimeout = 30'000'000'000;

struct Client::Impl {
  const Context& context;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::LogService::Stub> log;
  std::unique_ptr<v1::AdminService::Stub> admin;
  std::unique_ptr<v1::StoreService::Stub> store;
  std::unique_ptr<v1::TargetService::Stub> target;
  std::unique_ptr<v1::RuleService::Stub> rule;
  std::unique_ptr<v1::EventService::Stub> event;
  std::unique_ptr<v1::AccessService::Stub> access;

  // --timeout, or `otherwise`; 0: none.
  std::int64_t Timeout(std::int64_t otherwise) const {
    return context.timeout_ns < 0 ? otherwise : context.timeout_ns;
  }

  static void SetDeadline(grpc::ClientContext& call, std::int64_t timeout_ns) {
    if (timeout_ns > 0)
      call.set_deadline(std::chrono::system_clock::now() + std::chrono::nanoseconds(timeout_ns));
  }

  CallStatus Finish(const grpc::Status& status, std::int64_t timeout_ns) const {
    const bool connected = channel->GetState(false) == GRPC_CHANNEL_READY;
    return ToCallStatus(status, context.addr, connected, timeout_ns);
  }

  template <class Call>
  CallStatus Unary(Call call) {
    grpc::ClientContext client_context;
    const std::int64_t timeout = Timeout(kUnaryCallTimeout);
    SetDeadline(client_context, timeout);
    const grpc::Status status = call(client_context);
    CallStatus result = Finish(status, timeout);
    // As things are now the answer is no. In streams it is a token of another store that was given.
    if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) result.exit_code = kExitNegative;
    return result;
  }

  template <class Response, class Start>
  CallStatus Stream(Start start, const std::function<bool(Response&)>& on_response) {
    grpc::ClientContext client_context;
    const std::int64_t timeout = Timeout(0);
    SetDeadline(client_context, timeout);
    const std::stop_callback on_stop(context.stop.get_token(), [&] { client_context.TryCancel(); });
    const auto reader = start(client_context);
    Response response;
    bool wanted = true;
    while (wanted && reader->Read(&response)) wanted = on_response(response);
    if (!wanted) client_context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (!wanted || context.stop.stop_requested()) return {};
    return Finish(status, timeout);
  }
};

}  // namespace cistern::ctl
