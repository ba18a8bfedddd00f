#include "ctl/client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <ostream>
#include <utility>

#include "ctl/client_impl.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

int ExitCodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return kExitOk;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::OUT_OF_RANGE:
      return kExitUsage;
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
      return kExitNegative;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
    case grpc::StatusCode::ABORTED:
      return kExitUnavailable;
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return kExitNoPermission;
    default:
      return kExitSoftware;
  }
}

// gRPC reports a server that went away in the middle of a stream in several ways.
bool IsConnectionLoss(const grpc::Status& status) {
  const auto says = [&](const char* text) { return status.error_message().find(text) != std::string::npos; };
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         (status.error_code() == grpc::StatusCode::UNKNOWN && says("removed")) ||
         (status.error_code() == grpc::StatusCode::INTERNAL && says("RST_STREAM"));
}

// gRPC tells it in the middle of much else.
std::string TlsTrouble(std::string_view message) {
  const auto says = [&](const char* text) { return message.find(text) != std::string_view::npos; };
  if (says("WRONG_VERSION_NUMBER") || says("wrong version number"))
    return "it speaks no TLS there; leave out the options of TLS, or use another port";
  if (says("CERTIFICATE_VERIFY_FAILED") || says("certificate verify failed"))
    return "its certificate is not signed by a known authority (--ca), or has expired";
  if (says("Peer name") || says("Hostname Verification Check failed"))
    return "its certificate is for another name (--tls-server-name)";
  if (says("handshake") || says("TLSV1_ALERT") || says("CERTIFICATE_REQUIRED") || says("alert"))
    return "it ended the TLS handshake: does it want a client certificate? (--cert, --key)";
  return {};
}

// The server names fields of the request; who typed the command line knows options.
std::string InOurWords(std::string message) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"top_field: at byte 0: ", "FIELD: "},
                                                                      {"top_field: ", "FIELD: "},
                                                                      {"bucket: ", "--bucket: "},
                                                                      {"cursor: ", "--cursor: "},
                                                                      {"statement: ", ""},
                                                                      {"resume_token: ", "--resume: "}};
  for (const auto& [field, option] : kNames) {
    if (!message.starts_with(field)) continue;
    // The end of the advice on unknown names holds for filters only.
    const auto end = option == "FIELD: " ? message.find("; to search for") : std::string::npos;
    return std::string(option) + message.substr(field.size(), end - field.size());
  }
  return message;
}

std::string MessageOf(const grpc::Status& status, std::string_view addr, bool connected,
                      std::int64_t timeout_ns) {
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return fmt::format("cisternd at {} did not answer within {} (--timeout)", addr, FormatSpan(timeout_ns));
    case grpc::StatusCode::UNIMPLEMENTED:
      return fmt::format("cisternd at {} does not know this call: is it an older release?", addr);
    default:
      break;
  }
  if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED)
    return "cisternd does not know who calls: " + Visible(status.error_message()) + " (--token-file, --cert)";
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED)
    return "not allowed: " + Visible(status.error_message());
  if (IsConnectionLoss(status) && !connected) {
    const std::string tls = TlsTrouble(status.error_message());
    if (!tls.empty()) return fmt::format("cannot talk to cisternd at {}: {}", addr, tls);
    if (status.error_message().find("DNS resolution failed") != std::string::npos)
      return fmt::format("cannot reach cisternd at {}: no such host (--addr, CISTERN_ADDR)", addr);
    // In gRPC's words, the second with TLS.
    const bool ended = status.error_message().find("Socket closed") != std::string::npos ||
                       status.error_message().find("Endpoint read failed") != std::string::npos;
    if (ended) {
      return fmt::format(
          "cisternd at {} closed the connection at once: does it want TLS, or a client certificate? (--ca, "
          "--cert, --key)",
          addr);
    }
    return fmt::format("cannot reach cisternd at {}: is it running? (--addr, CISTERN_ADDR)", addr);
  }
  if (status.error_message().empty()) {
    return fmt::format("cisternd at {} answered with error {}", addr, static_cast<int>(status.error_code()));
  }
  return InOurWords(Visible(status.error_message()));
}

// The offset in the filter that the message names; not one in another field of the request.
std::optional<std::size_t> OffsetIn(std::string_view message) {
  constexpr std::string_view kMarker = "at byte ";
  const auto at = message.find(kMarker);
  if (at == std::string_view::npos || !message.starts_with("filter:")) return std::nullopt;
  const std::string_view digits = message.substr(at + kMarker.size());
  std::size_t offset = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), offset).ec != std::errc())
    return std::nullopt;
  return offset;
}

}  // namespace

CallStatus ToCallStatus(const grpc::Status& status, std::string_view addr, bool connected,
                        std::int64_t timeout_ns) {
  if (status.ok()) return {};
  CallStatus result;
  const bool lost = IsConnectionLoss(status);
  result.exit_code = lost ? kExitUnavailable : ExitCodeOf(status.error_code());
  result.retryable = lost || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED ||
                     status.error_code() == grpc::StatusCode::CANCELLED;
  result.message = MessageOf(status, addr, connected, timeout_ns);
  return result;
}

int Report(Context& context, const CallStatus& status, std::string_view filter) {
  context.exit_code = status.exit_code;
  if (status.ok()) return status.exit_code;
  *context.err << "cisternctl: " << status.message << '\n';
  const auto offset = OffsetIn(status.message);
  if (status.exit_code == kExitUsage && offset && *offset <= filter.size() && !filter.empty()) {
    const std::string before = Visible(filter.substr(0, *offset));
    *context.err << "  " << Visible(filter) << "\n  " << std::string(DisplayWidth(before), ' ') << "^\n";
  }
  return status.exit_code;
}

Client::Client(const Context& context)
    : impl_(std::make_unique<Impl>(Impl{context, Connect(context), {}, {}, {}, {}, {}, {}, {}})) {
  impl_->log = v1::LogService::NewStub(impl_->channel);
  impl_->admin = v1::AdminService::NewStub(impl_->channel);
  impl_->store = v1::StoreService::NewStub(impl_->channel);
  impl_->target = v1::TargetService::NewStub(impl_->channel);
  impl_->rule = v1::RuleService::NewStub(impl_->channel);
  impl_->event = v1::EventService::NewStub(impl_->channel);
  impl_->access = v1::AccessService::NewStub(impl_->channel);
}

Client::~Client() = default;

CallStatus Client::Aggregate(const v1::AggregateRequest& request, v1::AggregateResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->log->Aggregate(&call, request, &response); });
}

CallStatus Client::GetStatus(v1::GetStatusResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->admin->GetStatus(&call, {}, &response); });
}

CallStatus Client::Diagnose(v1::DiagnoseResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->admin->Diagnose(&call, {}, &response); });
}

CallStatus Client::GetConfig(v1::GetConfigResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->admin->GetConfig(&call, {}, &response); });
}

CallStatus Client::ListSenders(const v1::ListSendersRequest& request, v1::ListSendersResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->admin->ListSenders(&call, request, &response); });
}

CallStatus Client::Explain(const v1::ExplainRequest& request, v1::ExplainResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->admin->Explain(&call, request, &response); });
}

CallStatus Client::GetStats(v1::GetStatsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->store->GetStats(&call, {}, &response); });
}

CallStatus Client::Query(const v1::QueryRequest& request,
                         const std::function<bool(v1::QueryResponse&)>& on_response) {
  return impl_->Stream<v1::QueryResponse>([&](auto& call) { return impl_->log->Query(&call, request); },
                                          on_response);
}

CallStatus Client::Sql(const v1::SqlRequest& request,
                       const std::function<bool(v1::SqlResponse&)>& on_response) {
  return impl_->Stream<v1::SqlResponse>([&](auto& call) { return impl_->log->Sql(&call, request); },
                                        on_response);
}

CallStatus Client::Tail(const v1::TailRequest& request,
                        const std::function<bool(v1::TailResponse&)>& on_response) {
  return impl_->Stream<v1::TailResponse>([&](auto& call) { return impl_->log->Tail(&call, request); },
                                         on_response);
}

CallStatus Client::Check(const std::function<bool(v1::CheckResponse&)>& on_response) {
  return impl_->Stream<v1::CheckResponse>([&](auto& call) { return impl_->store->Check(&call, {}); },
                                          on_response);
}

CallStatus Client::Backup(const std::function<bool(v1::BackupResponse&)>& on_response) {
  return impl_->Stream<v1::BackupResponse>([&](auto& call) { return impl_->store->Backup(&call, {}); },
                                           on_response);
}

CallStatus Client::ListTargets(const v1::ListTargetsRequest& request, v1::ListTargetsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->ListTargets(&call, request, &response); });
}

CallStatus Client::GetTarget(const v1::GetTargetRequest& request, v1::TargetInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->GetTarget(&call, request, &response); });
}

CallStatus Client::ApplyTargets(const v1::ApplyTargetsRequest& request, v1::ApplyTargetsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->ApplyTargets(&call, request, &response); });
}

CallStatus Client::DeleteTarget(const v1::DeleteTargetRequest& request) {
  v1::DeleteTargetResponse nothing;
  return impl_->Unary([&](auto& call) { return impl_->target->DeleteTarget(&call, request, &nothing); });
}

CallStatus Client::PauseTarget(const v1::PauseTargetRequest& request, v1::TargetInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->PauseTarget(&call, request, &response); });
}

CallStatus Client::ResumeTarget(const v1::ResumeTargetRequest& request, v1::TargetInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->ResumeTarget(&call, request, &response); });
}

CallStatus Client::RewindTarget(const v1::RewindTargetRequest& request, v1::RewindTargetResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->RewindTarget(&call, request, &response); });
}

CallStatus Client::ListDeadLetters(const v1::ListDeadLettersRequest& request,
                                   v1::ListDeadLettersResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->ListDeadLetters(&call, request, &response); });
}

CallStatus Client::RetryDeadLetters(const v1::DeadLettersRequest& request,
                                    v1::DeadLettersResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->target->RetryDeadLetters(&call, request, &response); });
}

CallStatus Client::DiscardDeadLetters(const v1::DeadLettersRequest& request,
                                      v1::DeadLettersResponse& response) {
  return impl_->Unary(
      [&](auto& call) { return impl_->target->DiscardDeadLetters(&call, request, &response); });
}

CallStatus Client::TestTarget(const v1::TestTargetRequest& request,
                              const std::function<bool(v1::TestStep&)>& on_response) {
  return impl_->Stream<v1::TestStep>([&](auto& call) { return impl_->target->TestTarget(&call, request); },
                                     on_response);
}

CallStatus Client::WatchTargets(const v1::WatchTargetsRequest& request,
                                const std::function<bool(v1::ListTargetsResponse&)>& on_response) {
  return impl_->Stream<v1::ListTargetsResponse>(
      [&](auto& call) { return impl_->target->WatchTargets(&call, request); }, on_response);
}

}  // namespace cistern::ctl
