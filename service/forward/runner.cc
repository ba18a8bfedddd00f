#include "service/forward/runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "service/forward/format.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::size_t kChunkRows = 4096;
constexpr auto kLongestWait = milliseconds(1000);
constexpr auto kPublishInterval = milliseconds(200);
constexpr std::size_t kRateSamples = 10;   // seconds
constexpr auto kBurst = milliseconds(50);  // of max_rate

// What this store has forwarded once; texts are fixed, so that it parses.
Filter OwnFilter(const std::string& store_id) {
  const std::string text =
      fmt::format(R"(sd."{}".store:"{}" OR tag."cistern.store":"{}")", kMarkSdId, store_id, store_id);
  return *Filter::Parse(text);
}

nanoseconds Ns(std::int64_t count) { return nanoseconds(count); }

bool IsBroken(FailureReason reason) {
  return reason == FailureReason::kConfiguration || reason == FailureReason::kLoop;
}

}  // namespace

std::string_view FailureReasonName(FailureReason reason) {
  constexpr std::string_view kNames[] = {"resolve",  "connect", "tls",           "auth", "timeout", "closed",
                                         "rejected", "io",      "configuration", "loop", "stopped"};
  return kNames[static_cast<std::size_t>(reason)];
}

TargetRunner::TargetRunner(const RunnerContext& context, std::shared_ptr<const v1::Target> definition,
                           TargetProgress progress)
    : context_(context),
      definition_(std::move(definition)),
      filter_(*Filter::Parse(definition_->filter())),
      own_(OwnFilter(context.store.store_id())),
      letters_(context.store, definition_->name(), definition_->max_dead_letters()),
      backoff_(Ns(definition_->retry().initial()), Ns(definition_->retry().max()),
               static_cast<unsigned>(std::hash<std::string>()(definition_->name()))),
      progress_(std::move(progress)) {
  figures_.position = progress_.position;
  figures_.state = progress_.paused ? TargetState::kPaused : TargetState::kIdle;
  thread_ = std::thread([this] { Run(); });
}

TargetRunner::~TargetRunner() { End(steady_clock::now()); }

void TargetRunner::BeginEnd(steady_clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    deadline_ = deadline;
    stop_.Request();
  }
  context_.store.WakeWaiters();
}

void TargetRunner::End(steady_clock::time_point deadline) {
  BeginEnd(deadline);
  if (thread_.joinable()) thread_.join();
}

void TargetRunner::SetPaused(bool paused) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(progress_.paused, paused) == paused) return;
    progress_changed_ = true;
    deadline_ = steady_clock::now() + kEndTime;
    stop_.Request();
  }
  context_.store.WakeWaiters();
}

TargetFigures TargetRunner::figures() const {
  const std::lock_guard lock(mutex_);
  TargetFigures figures = figures_;
  figures.dead_letters = letters_.count();
  figures.letters_discarded = letters_.discarded();
  return figures;
}

TargetProgress TargetRunner::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

std::optional<TargetProgress> TargetRunner::TakeProgress() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(progress_changed_, false)) return std::nullopt;
  return progress_;
}

void TargetRunner::KeepProgress() {
  const std::lock_guard lock(mutex_);
  progress_changed_ = true;
}

// False: the end.
bool TargetRunner::TakeOrders() {
  const std::lock_guard lock(mutex_);
  stop_.Clear();
  paused_now_ = progress_.paused;
  return !ending_;
}

void TargetRunner::Run() {
  while (TakeOrders()) {
    if (paused_now_) {
      Leave();
      SetState(TargetState::kPaused);
      RefuseLetterOrders("the target is paused");
      stop_.WaitUntil(steady_clock::time_point::max());
    } else if (MakeReady()) {
      ServeLetters();
      while (!stop_.requested() && sink_ && reader_) Turn();
    }
  }
  Leave();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  for (LetterOrder& order : letter_orders_) order.outcome.set_value({.error = "the target was stopped"});
  letter_orders_.clear();
}

bool TargetRunner::HasLetterOrders() const {
  const std::lock_guard lock(mutex_);
  return !letter_orders_.empty();
}

// Makes sink and reader where they are missing; false: the back-off is not over, or something was ordered.
bool TargetRunner::MakeReady() {
  if (!HasLetterOrders() && stop_.WaitUntil(retry_at_)) return false;
  if (!sink_ && !MakeOwnSink()) return false;
  if (!reader_) {
    const auto imported =
        definition_->include_imported() ? Cursor::Imported::kInclude : Cursor::Imported::kSkip;
    reader_ =
        std::make_unique<ChunkReader>(context_.store, filter_, own_, read_from_, imported, *context_.places);
  }
  return true;
}

bool TargetRunner::MakeOwnSink() {
  const TargetProgress from = progress();
  auto made = context_.make_sink(*definition_, {.store_id = context_.store.store_id(),
                                                .epoch = from.epoch,
                                                .saved_state = from.sink_state,
                                                .test = false,
                                                .observe = [](const StepReport&) {},
                                                .is_own_address = context_.is_own_address});
  if (!made) {
    Failed(made.error());
    return false;
  }
  sink_ = std::move(*made);
  read_from_ = std::min(from.position, sink_->ResumeBehind().value_or(from.position));
  return true;
}

void TargetRunner::Turn() {
  if (!BuryAll()) return;
  const RecordId stored = context_.store.last_id();
  const std::size_t allowance = Allowance();
  if (allowance == 0) return;
  const auto state = reader_->Next(allowance, stop_);
  if (!state) return Failed({FailureReason::kIo, "reading the store: " + state.error().message()});
  NoteReader();
  switch (*state) {
    case ChunkReader::State::kRows:
      return Deliver();
    case ChunkReader::State::kProgress:
      return Publish(/*at_once=*/false);
    case ChunkReader::State::kCaughtUp:
      return Idle(stored);
  }
}

void TargetRunner::Deliver() {
  if (!failing_) SetState(TargetState::kSending);
  Delivery delivery = sink_->Deliver(reader_->chunk(), stop_);
  unburied_ = std::move(delivery.refused);
  reader_->Took(delivery.taken);
  tokens_ -= static_cast<double>(delivery.taken);
  Succeeded(delivery.taken - std::min(delivery.taken, unburied_.size()), delivery.bytes);
  if (!BuryAll()) return;
  if (delivery.failure) return Failed(*delivery.failure);
  if (delivery.taken > 0) Recovered();
  if (steady_clock::now() >= sink_->NextIdle())
    if (!IdleTurn()) return;
  Publish(/*at_once=*/false);
}

// False: it failed, and that is noted. What was refused is set aside in any case.
bool TargetRunner::IdleTurn() {
  const auto failure = sink_->Idle(stop_);
  for (Refusal& refusal : sink_->TakeRefused()) unburied_.push_back(std::move(refusal));
  if (!BuryAll()) return false;
  if (failure) Failed(*failure);
  return !failure;
}

void TargetRunner::Idle(RecordId stored) {
  if (!IdleTurn()) return;
  Publish(/*at_once=*/true);
  SetState(TargetState::kIdle);
  const auto wait = std::min<steady_clock::duration>(kLongestWait, sink_->NextIdle() - steady_clock::now());
  if (!stop_.requested() && wait.count() > 0)
    context_.store.WaitForCommit(stored, std::chrono::ceil<milliseconds>(wait));
}

// How many rows may go now; waits for the first.
std::size_t TargetRunner::Allowance() {
  const std::uint32_t rate = definition_->max_rate();
  if (rate == 0) return kChunkRows;
  const auto now = steady_clock::now();
  const double most = std::max(1.0, rate * std::chrono::duration<double>(kBurst).count());
  if (tokens_at_.time_since_epoch().count() != 0)
    tokens_ = std::min(most, tokens_ + rate * std::chrono::duration<double>(now - tokens_at_).count());
  tokens_at_ = now;
  if (tokens_ >= 1) return std::min(kChunkRows, static_cast<std::size_t>(tokens_));
  stop_.WaitUntil(now + std::chrono::ceil<milliseconds>(std::chrono::duration<double>((1 - tokens_) / rate)));
  return 0;
}

// False, and a failure: they cannot be written down. The position waits for them.
bool TargetRunner::BuryAll() {
  if (!unburied_.empty() && !Bury(unburied_)) return false;
  unburied_.clear();
  return true;
}

bool TargetRunner::Bury(const std::vector<Refusal>& refused) {
  const auto added = letters_.Add(refused, context_.clock());
  if (!added) {
    Failed({FailureReason::kIo, "dead letters cannot be written down: " + added.error().message()});
    return false;
  }
  spdlog::warn("target \"{}\": {} records were refused and are dead letters now, the first {}: {}",
               definition_->name(), refused.size(), ToInt(refused.front().id), refused.front().reason);
  return true;
}

void TargetRunner::Succeeded(std::size_t records, std::uint64_t bytes) {
  if (records == 0) return;
  const std::lock_guard lock(mutex_);
  figures_.sent_records += records;
  figures_.sent_bytes += bytes;
}

// A delivery without a failure: until then a destination that takes a little and fails again is failing.
void TargetRunner::Recovered() {
  if (!std::exchange(failing_, false)) return;
  spdlog::info("target \"{}\": works again", definition_->name());
  backoff_.Reset();
  const std::lock_guard lock(mutex_);
  figures_.retry_time = 0;
}

void TargetRunner::Failed(const Failure& failure) {
  if (reader_) {
    const RecordId position = reader_->position();
    read_from_ = position;
    if (sink_) read_from_ = std::min(position, sink_->ResumeBehind().value_or(position));
  }
  Publish(/*at_once=*/true);
  reader_.reset();
  if (failure.reason == FailureReason::kConfiguration) sink_.reset();
  if (failure.reason == FailureReason::kStopped) return;
  const nanoseconds pause =
      failure.retry_after.count() > 0 ? nanoseconds(failure.retry_after) : backoff_.Next();
  retry_at_ = steady_clock::now() + pause;
  if (!std::exchange(failing_, true))
    spdlog::warn("target \"{}\": {}; trying again", definition_->name(), failure.text);
  RefuseLetterOrders(failure.text);
  const std::lock_guard lock(mutex_);
  ++figures_.errors[static_cast<std::size_t>(failure.reason)];
  figures_.last_error = failure.text;
  figures_.last_error_time = context_.clock();
  figures_.retry_time = figures_.last_error_time + pause.count();
  figures_.state = IsBroken(failure.reason) ? TargetState::kBroken : TargetState::kRetrying;
}

void TargetRunner::NoteReader() {
  auto gap = reader_->TakeGap();
  if (gap && gap->last <= gaps_through_) gap.reset();  // a new reader finds it again
  if (gap) gaps_through_ = gap->last;
  const std::uint64_t loops = reader_->TakeLoops();
  if (!gap && loops == 0) return;
  if (gap)
    spdlog::warn("target \"{}\" lost {} records: retention deleted them before they were delivered",
                 definition_->name(), gap->records);
  const std::lock_guard lock(mutex_);
  if (gap) figures_.lost_to_retention += gap->records;
  figures_.loops += loops;
}

// Tells where the target is. What must be computed for it is done a few times a second only.
void TargetRunner::Publish(bool at_once) {
  const auto now = steady_clock::now();
  if (!at_once && now - published_ < kPublishInterval) return;
  published_ = now;
  if (!sink_ || !unburied_.empty()) return;
  RecordId position = reader_ ? reader_->position() : read_from_;
  if (const auto held = sink_->HeldBehind()) position = std::min(position, *held);
  const bool again = sink_->ResumeBehind().has_value();
  std::string state = sink_->SaveState();
  std::string endpoint = sink_->endpoint();
  const std::lock_guard lock(mutex_);
  // It may be sending again what is before the position, as long as the sink says so.
  if (again) position = std::max(position, progress_.position);
  progress_changed_ |= position != progress_.position || state != progress_.sink_state;
  progress_.position = figures_.position = position;
  progress_.sink_state = std::move(state);
  figures_.endpoint = std::move(endpoint);
  if (now - sampled_ < std::chrono::seconds(1)) return;
  sampled_ = now;
  samples_.push_back(figures_.sent_records);
  if (samples_.size() > kRateSamples + 1) samples_.pop_front();
  const auto seconds = static_cast<double>(std::max<std::size_t>(samples_.size() - 1, 1));
  figures_.rate = static_cast<double>(samples_.back() - samples_.front()) / seconds;
}

void TargetRunner::SetState(TargetState state) {
  const std::lock_guard lock(mutex_);
  figures_.state = state;
  if (state == TargetState::kPaused) figures_.rate = 0;
}

// Ends the connection in order and forgets what was read.
void TargetRunner::Leave() {
  retry_at_ = {};
  samples_.clear();
  if (!sink_) return;
  steady_clock::time_point deadline;
  {
    const std::lock_guard lock(mutex_);
    deadline = deadline_;
  }
  sink_->Close(deadline);
  Publish(/*at_once=*/true);
  sink_.reset();
  reader_.reset();
  unburied_.clear();  // the position did not pass them
  const std::lock_guard lock(mutex_);
  figures_.endpoint.clear();
}

}  // namespace cistern
