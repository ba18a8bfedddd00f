#include "storage/query/match_reader.h"

#include <algorithm>

#include "storage/query/query_pool.h"

namespace cistern::query {
namespace {

// Smaller batches are evaluated before another thread would have woken up.
constexpr std::size_t kWorthPosting = 4096;
// A batch this large would take more than its share of the memory of all queries.
constexpr std::uint64_t kTooLargeAhead = 4 << 20;  // encoded octets
// Without a limit: a batch that gives more rows than that keeps the receiver busy by itself.
constexpr std::uint64_t kMany = 1024;
// Where the index passed over so many in a row few match: the next one will not do, and others can read it
// while this thread looks for more.
constexpr std::uint64_t kManyPassed = 8;

constexpr std::int64_t kDay = 86'400'000'000'000;

}  // namespace

Result<void> CheckStopped(const QueryControl& control) {
  if (control.cancelled && control.cancelled->load(std::memory_order_relaxed)) return StoreErrc::kCancelled;
  if (control.deadline != std::chrono::steady_clock::time_point::max() &&
      std::chrono::steady_clock::now() >= control.deadline) {
    return StoreErrc::kDeadline;
  }
  return {};
}

// A batch on its way. Whoever takes it from kWaiting works on it; the reader waits for kDone.
struct MatchReader::Task {
  enum State : int { kWaiting, kTaken, kDone };

  Task(MatchReader& reader, std::unique_ptr<StoredBatch> batch)
      : reader(reader), job(std::make_unique<BatchJob>(std::move(batch), reader.options_, reader.bounds_)) {}

  bool Take() {
    int expected = kWaiting;
    return state.compare_exchange_strong(expected, kTaken);
  }

  MatchReader& reader;  // valid while kTaken
  std::unique_ptr<BatchJob> job;
  std::vector<std::uint32_t> rows;
  Result<void> outcome;
  std::atomic<int> state{kWaiting};
  bool may_go_ahead = false;
};

MatchReader::MatchReader(Store& store, const MatchOptions& options, const QueryControl& control,
                         QueryCost& cost)
    : store_(store), options_(options), control_(control), cost_(cost), bounds_(options) {}

MatchReader::~MatchReader() { Abandon(); }

Result<void> MatchReader::Run(const Each& each) {
  if (bounds_.empty()) return {};
  if (wanted == UINT64_MAX) width_ = 1 + QueryPool::kMaxAhead;
  const auto scan = store_.NewScan(bounds_.ForScan(options_.order));
  Result<void> ended;
  for (bool at_end = false;;) {
    while (!at_end && window_.size() < (control_.pool ? width_ : 1)) {
      auto task = NextTask(*scan);
      at_end = !task || !*task;
      if (!task) ended = task.error();  // what was found before it is still given out
      if (at_end) break;
      window_.push_back(*task);
      if (control_.pool && width_ > 1) PostAhead(*task);
    }
    const bool told_to_stop =
        !ended && (ended.error() == StoreErrc::kCancelled || ended.error() == StoreErrc::kDeadline);
    if (window_.empty() || told_to_stop) return ended;
    const TaskPtr task = window_.front();
    const auto more = Deliver(*task, each);
    Close(*task);
    window_.pop_front();
    if (!more) return more.error();
    if (!*more) return {};
  }
}

Result<MatchReader::TaskPtr> MatchReader::NextTask(Scan& scan) {
  for (std::uint64_t passed = 0;;) {
    if (passed == kManyPassed) width_ = 1 + QueryPool::kMaxAhead;
    if (auto stopped = CheckStopped(control_); !stopped) return stopped.error();
    auto batch = scan.Next();
    if (!batch) return batch.error();
    if (!*batch) return TaskPtr();
    ++cost_.batches_considered;
    CountDay(**batch);
    if (bounds_.Exclude(**batch) || (skip && skip(**batch))) {
      ++cost_.pruned_by_time;
      continue;
    }
    auto task = std::make_shared<Task>(*this, std::move(*batch));
    if (!AnsweredByIndex(*task->job)) {
      ++cost_.batches_read;
      return task;
    }
    cost_.Add(task->job->cost());
    ++passed;
  }
}

bool MatchReader::AnsweredByIndex(BatchJob& job) {
  const auto finding = job.Judge();
  if (finding == BatchJob::Finding::kNothing) return true;
  StoredBatch& batch = job.batch();
  if (!batch.index() || !bounds_.Cover(batch)) return false;
  if (finding == BatchJob::Finding::kEverything) {
    if (!whole || !whole(batch, *batch.index())) return false;
  } else {
    if (!sure) return false;
    sure(job.TakeSureRows());
    if (!job.settled()) return false;
  }
  ++cost_.answered_by_index;
  return true;
}

void MatchReader::CountDay(const StoredBatch& batch) {
  const std::int64_t day = batch.min_received() / kDay;
  cost_.days += day != last_day_;
  last_day_ = day;
}

void MatchReader::PostAhead(const TaskPtr& task) {
  const StoredBatch& batch = task->job->batch();
  if (batch.size() < kWorthPosting || batch.encoded_bytes() > kTooLargeAhead) return;
  task->may_go_ahead = true;
  control_.pool->TryPost([task] {
    if (!task->Take()) return;
    RunAhead(*task);
    task->state.store(Task::kDone);
    task->state.notify_all();
  });
}

void MatchReader::RunAhead(Task& task) {
  MatchReader& reader = task.reader;
  std::vector<std::uint32_t> rows;
  while (task.job->Next(rows)) {
    task.rows.insert(task.rows.end(), rows.begin(), rows.end());
    task.outcome = CheckStopped(reader.control_);
    if (!task.outcome || reader.abandoned_.load()) return;
  }
  if (task.rows.empty()) return;
  if (reader.check) task.job->Check();
  if (reader.touch) reader.touch(task.job->batch(), task.rows);
  if (task.job->batch().damaged()) task.rows.clear();
}

// Somebody else works on the first of the window: instead of waiting for it, takes up the next ones.
void MatchReader::HelpUntilDone(const Task& task) {
  for (const TaskPtr& other : window_) {
    if (task.state.load() == Task::kDone) return;
    if (!other->may_go_ahead || !other->Take()) continue;
    RunAhead(*other);
    other->state.store(Task::kDone);
  }
  task.state.wait(Task::kTaken);
}

Result<bool> MatchReader::Deliver(Task& task, const Each& each) {
  const std::uint64_t before = given_;
  Result<bool> more{boost::system::in_place_value, true};
  if (task.Take()) {
    more = RunHere(task, each);
    task.state.store(Task::kDone);
  } else {
    HelpUntilDone(task);
    if (!task.outcome) return {boost::system::in_place_error, task.outcome.error()};
    given_ += task.rows.size();
    if (!task.rows.empty()) more = {boost::system::in_place_value, each(task.job->batch(), task.rows)};
  }
  Widen(given_ - before);
  return more;
}

Result<bool> MatchReader::RunHere(Task& task, const Each& each) {
  std::vector<std::uint32_t> rows;
  while (task.job->Next(rows)) {
    if (!rows.empty()) {
      if (check && !task.job->Check()) break;
      given_ += rows.size();
      if (!each(task.job->batch(), rows)) return {boost::system::in_place_value, false};
    }
    if (auto stopped = CheckStopped(control_); !stopped && !task.job->done())
      return {boost::system::in_place_error, stopped.error()};
  }
  return {boost::system::in_place_value, true};
}

// As long as a batch or two will do, reading more of them would be for nothing.
void MatchReader::Widen(std::uint64_t given) {
  const std::uint64_t left = wanted == 0 ? kMany : wanted - std::min(wanted, given_);
  if (given < left / 2) width_ = std::min(2 * width_, 1 + QueryPool::kMaxAhead);
}

// Nobody works on a batch any more when this returns.
void MatchReader::Abandon() {
  abandoned_.store(true);
  for (const TaskPtr& task : window_) {
    if (!task->Take()) task->state.wait(Task::kTaken);
    Close(*task);
  }
  window_.clear();
}

// The batch ends here: the pool may hold the task a little longer than the store lives.
void MatchReader::Close(Task& task) {
  cost_.Add(task.job->cost());
  task.job.reset();
}

}  // namespace cistern::query
