// The pipeline's side of the ingest rules: what they drop and make is entered into the books here.
#include <future>

#include "ingest/message/wall_time.h"
#include "service/pipeline/pipeline.h"
#include "service/rules/ingest_rules.h"

namespace cistern {
namespace {

// What was received before it may still be on its way from a network thread to the queue.
constexpr std::int64_t kUnderway = 1'000'000'000;

}  // namespace

void Pipeline::SetIngestRules(std::shared_ptr<IngestRules> rules) {
  const std::lock_guard lock(mutex_);
  newest_rules_ = std::move(rules);
  rules_changed_ = true;
}

std::vector<IngestRuleFigures> Pipeline::ingest_rule_figures() const {
  std::shared_ptr<IngestRules> rules;
  {
    const std::lock_guard lock(mutex_);
    rules = shown_rules_;
  }
  return rules ? rules->Figures() : std::vector<IngestRuleFigures>();
}

void Pipeline::ApplyRules(const std::vector<QueueItem>& items) {
  TakeNewRules();
  if (!rules_ || rules_->empty()) return;
  std::vector<RecordBatch*> batches;
  for (const QueueItem& item : items) {
    if (item.imported || item.own || item.batch->empty()) continue;
    batches.push_back(item.batch.get());
    last_received_ = std::max(last_received_, item.batch->records().back().received);
  }
  if (batches.empty()) return;
  IngestOutcome outcome;
  rules_->Apply(batches, WallTime(), outcome);
  Enter(outcome);
}

void Pipeline::Enter(const IngestOutcome& outcome) {
  if (outcome.made > 0) ledger_.Received(Transport::kInternal, outcome.made, outcome.made_octets);
  if (outcome.dropped > 0) ledger_.Dropped(DropReason::kRule, outcome.dropped);
}

void Pipeline::TakeNewRules() {
  std::shared_ptr<IngestRules> next;
  {
    const std::lock_guard lock(mutex_);
    if (!rules_changed_) return;
    rules_changed_ = false;
    next = newest_rules_;
  }
  const auto previous = std::exchange(rules_, std::move(next));
  if (previous && rules_) rules_->TakeOver(*previous);
  {
    const std::lock_guard lock(mutex_);
    shown_rules_ = rules_;
  }
  if (!previous) return;
  EndWaits(*previous, [&](RecordBatch& out, IngestOutcome& outcome) { previous->Finish(out, outcome); });
}

void Pipeline::TickRules() {
  TakeNewRules();
  if (!rules_ || rules_->empty()) return;
  // While records wait they tell the time, as they will when they are replayed.
  const std::int64_t now = queue_.bytes() == 0 ? WallTime() - kUnderway : last_received_;
  EndWaits(*rules_, [&](RecordBatch& out, IngestOutcome& outcome) { rules_->Tick(now, out, outcome); });
}

void Pipeline::FinishRules() {
  TakeNewRules();
  if (!rules_) return;
  EndWaits(*rules_, [&](RecordBatch& out, IngestOutcome& outcome) { rules_->Finish(out, outcome); });
}

void Pipeline::EndRuleWaits(std::chrono::steady_clock::time_point deadline) {
  const auto ended = std::make_shared<std::promise<void>>();
  QueueItem item;
  item.batch = NewBatch();
  item.own = item.ends_waits = true;
  item.done = [ended](const boost::system::error_code&) { ended->set_value(); };
  if (queue_.TryPush(item)) ended->get_future().wait_until(deadline);
}

void Pipeline::EndWaits(IngestRules& rules,
                        const std::function<void(RecordBatch& out, IngestOutcome& outcome)>& end) {
  if (rules.empty()) return;
  std::vector<QueueItem> items(1);
  items[0].batch = NewBatch();
  IngestOutcome outcome;
  end(*items[0].batch, outcome);
  Enter(outcome);
  if (!items[0].batch->empty()) return Commit(std::move(items));
  pool_->GiveBack(std::move(items[0].batch));
}

}  // namespace cistern
