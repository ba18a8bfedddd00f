// TargetService.TestTarget and WatchTargets.
#include <deque>
#include <map>
#include <set>

#include "proto/convert/record.h"
#include "service/control/calls.h"
#include "service/control/status_map.h"
#include "service/control/target_service.h"

namespace cistern {
namespace {

grpc::Status TooMany(const char* what) {
  return {grpc::StatusCode::RESOURCE_EXHAUSTED, std::string("too many ") + what + " run already; retry"};
}

grpc::Status Stopping() { return {grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"}; }

// The test itself waits for the destination, on a thread of the test pool; this call sends what it tells.
class TestCall final : public StreamCall<v1::TestStep> {
 public:
  TestCall(TargetContext& context, grpc::CallbackServerContext* rpc,
           std::shared_ptr<const v1::Target> definition)
      : StreamCall(context.status_pool, rpc, std::chrono::seconds(60)),
        context_(context),
        definition_(std::move(definition)) {}

  void Test() {
    context_.targets.Test(
        definition_, [this](const TestedStep& step) { Tell(step); }, stop_);
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    Wake();
  }

 private:
  void Tell(const TestedStep& step) {
    {
      const std::lock_guard lock(mutex_);
      steps_.push_back(step);
    }
    Wake();
  }

  Step Run(grpc::Status& status) override {
    if (draining()) {
      status = Stopping();
      return Step::kDone;
    }
    const std::lock_guard lock(mutex_);
    if (steps_.empty()) return done_ ? Step::kDone : Step::kWait;
    const TestedStep& step = steps_.front();
    response().set_step(step.report.step);
    response().set_ok(step.ok);
    response().set_detail(step.report.detail);
    ToProto(step.elapsed.count(), response().mutable_elapsed());
    steps_.pop_front();
    return Step::kWrite;
  }

  void Closed() override {
    stop_.Request();
    context_.tests.Remove(this);
  }

  TargetContext& context_;
  const std::shared_ptr<const v1::Target> definition_;
  Stop stop_;
  std::mutex mutex_;              // guards the next two
  std::deque<TestedStep> steps_;  // a handful
  bool done_ = false;
};

class WatchCall final : public StreamCall<v1::ListTargetsResponse> {
 public:
  WatchCall(TargetContext& context, grpc::CallbackServerContext* rpc, const v1::WatchTargetsRequest& request)
      : StreamCall(context.status_pool, rpc, std::chrono::seconds(60)),
        context_(context),
        names_(request.names().begin(), request.names().end()) {}

 private:
  Step Run(grpc::Status& status) override {
    if (draining()) {
      status = Stopping();
      return Step::kDone;
    }
    if (std::exchange(rest_, false)) return Step::kWait;
    response().Clear();
    std::map<std::string, std::string> now;
    for (const TargetView& view : context_.targets.List()) {
      const std::string& name = view.definition->name();
      if (!names_.empty() && !names_.contains(name)) continue;
      v1::TargetInfo info;
      ToProto(view, &info);
      std::string& text = now[name] = info.SerializeAsString();
      if (const auto before = sent_.find(name); before == sent_.end() || before->second != text)
        *response().add_targets() = std::move(info);
    }
    for (const auto& [name, text] : sent_) {
      if (!now.contains(name)) response().add_deleted(name);
    }
    sent_ = std::move(now);
    const bool news =
        response().targets_size() + response().deleted_size() > 0 || !std::exchange(begun_, true);
    return news ? Step::kWrite : Step::kWait;
  }

  // The next look is due with the next tick.
  void OnSent() override { rest_ = true; }
  bool WantsTick() override { return true; }
  void Closed() override { context_.watches.Remove(this); }

  TargetContext& context_;
  const std::set<std::string> names_;
  std::map<std::string, std::string> sent_;
  bool begun_ = false, rest_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::TestStep>* StartTargetTest(TargetContext& context,
                                                        grpc::CallbackServerContext* rpc,
                                                        std::shared_ptr<const v1::Target> definition) {
  auto call = std::make_shared<TestCall>(context, rpc, std::move(definition));
  if (!context.tests.Add(call)) return new Finished<grpc::ServerWriteReactor<v1::TestStep>>(TooMany("tests"));
  call->Begin();
  context.test_pool.Post([call] { call->Test(); });
  return call.get();
}

grpc::ServerWriteReactor<v1::ListTargetsResponse>* StartTargetWatch(TargetContext& context,
                                                                    grpc::CallbackServerContext* rpc,
                                                                    const v1::WatchTargetsRequest& request) {
  for (const std::string& name : request.names()) {
    const auto found = context.targets.Get(name);
    if (!found) return new Finished<grpc::ServerWriteReactor<v1::ListTargetsResponse>>(ToGrpc(found.error()));
  }
  auto call = std::make_shared<WatchCall>(context, rpc, request);
  if (!context.watches.Add(call))
    return new Finished<grpc::ServerWriteReactor<v1::ListTargetsResponse>>(TooMany("watches"));
  call->Begin();
  return call.get();
}

}  // namespace cistern
