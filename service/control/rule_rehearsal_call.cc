// RuleService.RehearseRules.
#include <algorithm>
#include <set>

#include "cistern/v1/rule.pb.h"
#include "proto/convert/record.h"
#include "proto/convert/utf8.h"
#include "service/control/calls.h"
#include "service/control/deadline.h"
#include "service/control/rule_trials.h"
#include "service/control/status_map.h"
#include "service/rules/rehearsal.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr int kMostRules = 256;
constexpr std::size_t kMostEvents = 1000, kDefaultEvents = 100, kMostSamples = 20, kDefaultSamples = 3;
constexpr std::size_t kLongestSample = 8192, kMostAnswerOctets = 3 << 20;  // clients take 4 MiB
constexpr std::chrono::milliseconds kSlice{50}, kProgress{500};

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void Fill(const RuleRunFigures& from, v1::RuleFigures* to) {
  to->set_matched(from.matched);
  to->set_dropped(from.dropped);
  to->set_changed(from.changed);
  to->set_events(from.events);
  to->set_keys(from.keys);
  to->set_evicted(from.evicted);
  to->set_expired(from.expired);
  to->set_state_bytes(from.state_bytes);
}

void Fill(const RehearsedSample& from, v1::RehearsedRecord* to) {
  to->set_record_id(from.id);
  to->set_message(from.message.substr(0, kLongestSample));
  to->set_message_after(from.message_after.substr(0, kLongestSample));
  for (const auto& [name, value] : from.tags)
    (*to->mutable_tags())[ToUtf8(name)] = ToUtf8(std::string_view(value).substr(0, kLongestSample));
  to->set_dropped(from.dropped);
}

class RehearsalCall final : public StreamCall<v1::RehearseRulesResponse> {
 public:
  RehearsalCall(RuleTrialContext& context, grpc::CallbackServerContext* rpc, RehearsalPlan plan)
      : StreamCall(context.rehearsal_pool, rpc, kStuckQuery),
        context_(context),
        deadline_(SteadyDeadline(*rpc)),
        plan_(std::move(plan)) {
    plan_.stop = [this] { return Stops(); };
  }

 private:
  bool Stops() const { return cancelled() || draining() || steady_clock::now() >= deadline_; }

  Step Run(grpc::Status& status) override {
    if (done_) return Step::kDone;
    status =
        draining() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry") : Prepare();
    if (!status.ok()) return Step::kDone;
    const auto begin = steady_clock::now();
    auto now = begin;
    while (!done_ && now - begin < kSlice && !Stops()) {
      const auto step = rehearsal_->Step();
      if (!step) {
        status = ToGrpc(step.error());
        return Step::kDone;
      }
      done_ = *step == Rehearsal::Progress::kDone;
      now = steady_clock::now();
    }
    if (now >= deadline_) {
      status = {grpc::StatusCode::DEADLINE_EXCEEDED, "the rehearsal took too long; narrow the range"};
      return Step::kDone;
    }
    if (!done_ && Stops()) return Step::kAgain;
    if (!done_ && now - told_ < kProgress) return Step::kAgain;
    told_ = now;
    Answer(now - begin_);
    return Step::kWrite;
  }

  grpc::Status Prepare() {
    if (rehearsal_ != nullptr) return grpc::Status::OK;
    begin_ = told_ = steady_clock::now();
    auto made = Rehearsal::Make(context_.store, *context_.book.Snapshot(), std::move(plan_), Now());
    if (!made) return InvalidArgument(made.error());
    rehearsal_ = std::move(*made);
    return grpc::Status::OK;
  }

  void Answer(steady_clock::duration elapsed) {
    response().Clear();
    response().set_records(rehearsal_->records());
    response().set_total_records(rehearsal_->total_records());
    response().set_bytes_saved(
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, rehearsal_->octets_saved())));
    response().set_done(done_);
    ToProto(std::chrono::nanoseconds(elapsed).count(), response().mutable_elapsed());
    std::size_t octets = 0;
    for (const RehearsedRuleFigures& figures : rehearsal_->figures()) {
      v1::RehearsedRule* rule = response().add_rules();
      rule->set_name(figures.now.name);
      Fill(figures.now, rule->mutable_figures());
      if (figures.before) Fill(*figures.before, rule->mutable_before());
      for (const RehearsedSample& sample : figures.samples) {
        if (!done_ || octets > kMostAnswerOctets / 2) break;
        Fill(sample, rule->add_samples());
        octets += rule->samples(rule->samples_size() - 1).ByteSizeLong();
      }
    }
    if (done_) AddEvents(octets);
  }

  void AddEvents(std::size_t octets) {
    std::vector<const v1::Event*> events;
    for (const v1::Event& event : rehearsal_->events()) events.push_back(&event);
    std::stable_sort(events.begin(), events.end(), [](const v1::Event* a, const v1::Event* b) {
      return FromProto(a->last_time()) < FromProto(b->last_time());
    });
    for (const v1::Event* event : events) {
      octets += event->ByteSizeLong();
      if (octets > kMostAnswerOctets) break;
      *response().add_events() = *event;
    }
  }

  void Closed() override { context_.rehearsals.Remove(this); }

  RuleTrialContext& context_;
  const steady_clock::time_point deadline_;
  RehearsalPlan plan_;
  std::unique_ptr<Rehearsal> rehearsal_;
  steady_clock::time_point begin_, told_;
  bool done_ = false;
};

grpc::Status ReadPlan(const v1::RehearseRulesRequest& request, const RuleTrialContext& context,
                      RehearsalPlan& plan) {
  if (request.rules().empty() && request.names().empty())
    return InvalidArgument("rules: give rules or names");
  if (request.rules_size() + request.names_size() > kMostRules)
    return InvalidArgument("rules: more than " + std::to_string(kMostRules));
  std::set<std::string> names;
  for (const v1::Rule& rule : request.rules()) {
    const std::string key = "rules[" + std::to_string(plan.rules.size()) + "]";
    plan.rules.push_back(rule);
    if (auto status = PrepareTriedRule(plan.rules.back(), key); !status.ok()) return status;
    if (!names.insert(rule.name()).second) return InvalidArgument(key + ".name: is given twice");
  }
  plan.names.assign(request.names().begin(), request.names().end());
  auto filter = Filter::Parse(request.filter());
  if (!filter) return ToGrpc(filter.error(), "filter");
  plan.filter = *filter;
  plan.alone = request.alone();
  if (request.has_from_time()) plan.from = FromProto(request.from_time());
  if (request.has_to_time()) plan.to = FromProto(request.to_time());
  if (plan.from > plan.to) return InvalidArgument("from_time: is later than `to_time`");
  plan.samples = request.samples() == 0 ? kDefaultSamples : request.samples();
  plan.max_events = request.max_events() == 0 ? kDefaultEvents : request.max_events();
  if (plan.samples > kMostSamples) return InvalidArgument("samples: at most " + std::to_string(kMostSamples));
  if (plan.max_events > kMostEvents)
    return InvalidArgument("max_events: at most " + std::to_string(kMostEvents));
  plan.limits = context.limits;
  plan.secret = context.secret;
  plan.hostname = context.hostname;
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerWriteReactor<v1::RehearseRulesResponse>* StartRehearsal(RuleTrialContext& context,
                                                                    grpc::CallbackServerContext* rpc,
                                                                    const v1::RehearseRulesRequest& request) {
  using Failed = Finished<grpc::ServerWriteReactor<v1::RehearseRulesResponse>>;
  RehearsalPlan plan;
  if (auto status = ReadPlan(request, context, plan); !status.ok()) return new Failed(status);
  auto call = std::make_shared<RehearsalCall>(context, rpc, std::move(plan));
  if (!context.rehearsals.Add(call))
    return new Failed({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many rehearsals run already; retry"});
  call->Begin();
  return call.get();
}

}  // namespace cistern
