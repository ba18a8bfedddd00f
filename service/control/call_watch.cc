#include "service/control/call_watch.h"

#include <google/protobuf/message.h>

#include <optional>
#include <unordered_map>
#include <utility>

#include "service/control/gate.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

constexpr std::size_t kLongestObject = 200;

// The calls of all servers of the process, by gRPC's object of the call.
struct RunningCalls {
  std::mutex mutex;
  struct Call {
    std::shared_ptr<CallFacts> facts;
    const CallWatch* watch;
  };
  std::unordered_map<const grpc::ServerContextBase*, Call> calls;  // guarded by mutex
};

RunningCalls& Running() {
  static auto* const running = new RunningCalls;  // gRPC's threads may outlive static objects
  return *running;
}

void AppendName(const std::string& name, std::string& out) {
  if (name.empty() || out.size() > kLongestObject) return;
  if (!out.empty()) out += ", ";
  out += name;
}

// What a request is about: its names and ids, also those of what it holds.
void CollectNames(const google::protobuf::Message& message, int depth, std::string& out) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map()) continue;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field.is_repeated() && field.name() == "name")
      AppendName(reflection.GetString(message, &field), out);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64 && field.is_repeated()) {
      for (int n = 0; n < reflection.FieldSize(message, &field) && out.size() < kLongestObject; ++n)
        AppendName(std::to_string(reflection.GetRepeatedUInt64(message, &field, n)), out);
    }
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || !field.is_repeated() || depth == 0) continue;
    for (int n = 0; n < reflection.FieldSize(message, &field); ++n)
      CollectNames(reflection.GetRepeatedMessage(message, &field, n), depth - 1, out);
  }
}

class Watcher final : public grpc::experimental::Interceptor {
 public:
  Watcher(CallWatch& watch, ServerRpcInfo& info)
      : watch_(watch), info_(info), needs_(watch.access().methods().Find(info.method())) {}
  ~Watcher() override {
    const std::lock_guard lock(Running().mutex);
    Running().calls.erase(info_.server_context());
    Count(grpc::StatusCode::CANCELLED);
  }

  void Intercept(InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) Enter();
    const bool audited = needs_ != nullptr && needs_->audited;
    if (audited && batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      const auto* request = static_cast<const google::protobuf::Message*>(batch->GetRecvMessage());
      if (request != nullptr) CollectNames(*request, 1, object_);
    }
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      if (refused_) {
        batch->ModifySendStatus(*refused_);
        if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE))
          batch->ModifySendMessage(nullptr);
      }
      const grpc::Status status = batch->GetSendStatus();
      Count(status.error_code());
      if (audited) Audit(status);
    }
    batch->Proceed();
  }

 private:
  void Enter() {
    grpc::ServerContextBase* rpc = info_.server_context();
    const auto context = rpc->auth_context();
    Credentials credentials = ReadCredentials(context.get(), rpc->client_metadata(), watch_.visitors());
    // Once more: the gate saw the headers, and a client may keep its message back for long.
    const Decision decision = watch_.access().Decide(info_.method(), credentials);
    facts_ = std::make_shared<CallFacts>(info_.method(), VisitorOf(rpc->client_metadata(), watch_.visitors()),
                                         std::move(credentials), decision.right);
    if (decision.kind != Decision::Kind::kAllowed) Refuse(decision);
    const std::lock_guard lock(Running().mutex);
    Running().calls[rpc] = {facts_, &watch_};
  }

  // What the call does looks at the facts before it begins; what it says anyhow is taken back below.
  void Refuse(const Decision& decision) {
    refused_ = ToGrpc(decision);
    facts_->Revoke(*refused_);
    AuditRecord record = Entry();
    record.result = StatusName(refused_->error_code());
    record.message = decision.reason;
    watch_.audit().Refused(std::move(record));
  }

  // Once. What comes through the door is counted there.
  void Count(grpc::StatusCode code) {
    if (std::exchange(counted_, true) || !facts_ || !facts_->through_socket()) return;
    watch_.counts().Add(static_cast<std::uint32_t>(code));
  }

  AuditRecord Entry() const {
    AuditRecord record;
    record.caller = facts_->right ? facts_->right->name : std::string();
    record.peer = facts_->peer;
    record.method = facts_->method;
    return record;
  }

  void Audit(const grpc::Status& status) {
    if (!facts_ || refused_) return;
    AuditRecord record = Entry();
    record.object = object_;
    record.result = StatusName(status.error_code());
    record.message = status.error_message();
    watch_.audit().Changed(std::move(record));
  }

  CallWatch& watch_;
  ServerRpcInfo& info_;
  const MethodNeeds* const needs_;
  std::shared_ptr<CallFacts> facts_;
  std::string object_;
  std::optional<grpc::Status> refused_;  // before it began
  bool counted_ = false;
};

class WatcherFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit WatcherFactory(CallWatch& watch) : watch_(watch) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new Watcher(watch_, *info);  // gRPC's from here
  }

 private:
  CallWatch& watch_;
};

}  // namespace

std::shared_ptr<const CallFacts> FactsOf(const grpc::ServerContextBase& rpc) {
  const std::lock_guard lock(Running().mutex);
  const auto found = Running().calls.find(&rpc);
  return found == Running().calls.end() ? nullptr : found->second.facts;
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CallWatch::NewFactory() {
  return std::make_unique<WatcherFactory>(*this);
}

void CallWatch::Tick() {
  const std::lock_guard lock(Running().mutex);
  for (const auto& [key, call] : Running().calls) {
    if (call.watch != this || call.facts->credentials.local) continue;
    const Decision decision = access_.Decide(call.facts->method, call.facts->credentials);
    if (decision.kind != Decision::Kind::kAllowed) {
      call.facts->Revoke(ToGrpc(decision));
    } else if (call.facts->right && decision.right &&
               call.facts->right->filter_text != decision.right->filter_text) {
      call.facts->Revoke(
          {grpc::StatusCode::PERMISSION_DENIED, "the filter of the right has changed; call again"});
    }
  }
}

}  // namespace cistern
