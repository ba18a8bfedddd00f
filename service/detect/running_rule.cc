#include "service/detect/running_rule.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

#include "storage/query/query.h"

namespace cistern::detect {
namespace {

constexpr std::uint32_t kVersion = 1;

// Of the octets that all rules may have, what one may have.
std::size_t KeyBytes(const DetectionLimits& limits) { return limits.max_state / 2; }
std::size_t WaitingBytes(const DetectionLimits& limits) { return limits.max_state / 4; }
std::size_t OpenBytes(const DetectionLimits& limits) { return limits.max_state / 8; }

// Puts values where the slots of `plan` want them.
void Reorder(const std::vector<int>& from, google::protobuf::RepeatedPtrField<std::string>& values) {
  std::vector<std::string> before(values.begin(), values.end());
  values.Clear();
  for (const int i : from) {
    const bool known = i >= 0 && i < static_cast<int>(before.size());
    *values.Add() = known ? before[static_cast<std::size_t>(i)] : std::string();
  }
}

}  // namespace

std::string Sealed(std::string octets) {
  const std::uint64_t checksum = XXH3_64bits(octets.data(), octets.size());
  octets.append(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  return octets;
}

std::string_view Unsealed(std::string_view sealed) {
  std::uint64_t checksum = 0;
  if (sealed.size() <= sizeof checksum) return {};
  const std::string_view octets = sealed.substr(0, sealed.size() - sizeof checksum);
  std::memcpy(&checksum, sealed.data() + octets.size(), sizeof checksum);
  return checksum == XXH3_64bits(octets.data(), octets.size()) ? octets : std::string_view();
}

RunningRule::RunningRule(std::shared_ptr<const Plan> plan, const DetectionLimits& limits)
    : plan_(std::move(plan)),
      limits_(limits),
      events_(*plan_, OpenBytes(limits)),
      waiting_(WaitingBytes(limits)) {
  if (plan_->rule.has_report()) {
    report_.emplace(*plan_, events_);
  } else {
    detector_ = MakeDetector(*plan_, events_, KeyBytes(limits_));
  }
}

void RunningRule::StartBehind(std::uint64_t id) {
  behind_ = id;
  changed_ = true;
}

void RunningRule::Begin(std::int64_t time) {
  began_ = time;
  changed_ = true;
  report_ ? report_->Begin(time) : detector_->Begin(time);
}

std::int64_t RunningRule::TimeOf(const Item& item, std::int64_t received, std::int64_t clock) const {
  if (by_receipt()) return clock;
  const std::int64_t event = EventTime(item.stated, received, std::chrono::nanoseconds(limits_.event_skew));
  return std::max(event, clock - limits_.tolerance);
}

void RunningRule::Feed(BatchView& view, BlockIndex* index, std::span<const std::uint32_t> rows,
                       std::span<const std::int64_t> clocks, Selection& selected) {
  if (rows.empty()) return;
  changed_ = true;
  Capture(*plan_, view, index, rows, selected, items_);
  const auto received = view.Ints(Column::kReceived);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Item& item = items_[i];
    const std::int64_t clock = clocks[rows[i]];
    item.time = TimeOf(item, received[rows[i]], clock);
    if (item.time >= plan_->expires) continue;
    ++matched_;
    if (report_) {
      report_->Take(item);
    } else {
      waiting_.Add(std::move(item), by_receipt() ? clock : clock - limits_.tolerance);
    }
  }
}

std::int64_t RunningRule::NextTimer() { return std::min(detector_->NextTimer(), events_.NextTimer()); }

void RunningRule::RunTimer() {
  changed_ = true;
  detector_->NextTimer() <= events_.NextTimer() ? detector_->RunTimer() : events_.RunTimer();
}

void RunningRule::RunUntil(std::int64_t bound) {
  bound = std::min(bound, plan_->expires);
  for (;;) {
    const Item* item = waiting_.Next(bound);
    const std::int64_t timer = NextTimer();
    if (item ? timer <= item->time : timer < bound) {
      RunTimer();
    } else if (item) {
      changed_ = true;
      detector_->Take(*item);
      waiting_.Pop();
    } else {
      break;
    }
  }
  NoteEvicted();
}

std::int64_t RunningRule::PortionEnd(std::int64_t bound, std::size_t most) const {
  if (report_) return kNever;
  bound = std::min(bound, plan_->expires);
  return std::min(
      {waiting_.EndOf(most, bound), detector_->EndOfTimers(most, bound), events_.EndOfTimers(most, bound)});
}

void RunningRule::SetBack(std::int64_t span) {
  changed_ = true;
  waiting_.SetBack(span);
  events_.SetBack(span);
  report_ ? report_->SetBack(span) : detector_->SetBack(span);
}

void RunningRule::SkipIntervals(std::int64_t bound) {
  if (report_ && report_->SkipEmpty(std::min(bound, plan_->expires))) changed_ = true;
}

std::int64_t RunningRule::NextInterval() const {
  return report_ && report_->next_end() < plan_->expires ? report_->next_end() : kNever;
}

void RunningRule::EndInterval(const CountersOf& counters) {
  changed_ = true;
  report_->EndInterval(counters);
}

void RunningRule::NoteEvicted() { evicted_ += detector_ ? detector_->TakeEvicted() : report_->TakeEvicted(); }

Counters RunningRule::counters() const {
  return {events_.raised(), detector_ ? detector_->expired() : 0, detector_ ? detector_->keys() : 0};
}

std::size_t RunningRule::bytes() const {
  return waiting_.bytes() + events_.bytes() + (detector_ ? detector_->bytes() : report_->bytes());
}

DetectionFigures RunningRule::figures() const {
  DetectionFigures figures;
  figures.name = plan_->rule.name();
  figures.matched = matched_;
  figures.events = events_.raised();
  figures.evicted = evicted_;
  figures.expired = counters().expired;
  figures.early = waiting_.early();
  figures.keys = detector_ ? detector_->keys() : 0;
  figures.waiting = waiting_.size();
  figures.state_bytes = bytes();
  return figures;
}

bool RunningRule::Shrink() {
  changed_ = true;
  if (waiting_.bytes() > bytes() / 2) {
    waiting_.ReleaseAll();
    RunUntil(INT64_MIN);
    return true;
  }
  const bool any = detector_ && detector_->Evict();
  NoteEvicted();
  return any;
}

std::string RunningRule::Save() {
  v1::StoredDetection out;
  out.set_version(kVersion);
  out.set_fingerprint(plan_->fingerprint);
  out.set_behind(behind_);
  if (began_) out.set_began(*began_);
  out.set_matched(matched_);
  out.set_evicted(evicted_);
  for (const Plan::Slot& slot : plan_->slots) out.add_slots(slot.name);
  waiting_.Save(out);
  events_.Save(out);
  report_ ? report_->Save(out) : detector_->Save(out);
  changed_ = false;
  return Sealed(out.SerializeAsString());
}

Detections::Loaded RunningRule::Load(std::string_view octets) {
  using Loaded = Detections::Loaded;
  v1::StoredDetection in;
  const std::string_view whole = Unsealed(octets);
  if (whole.empty() || !in.ParseFromArray(whole.data(), static_cast<int>(whole.size())))
    return Loaded::kDamaged;
  if (in.version() != kVersion || in.fingerprint() != plan_->fingerprint) return Loaded::kOther;
  if (!LoadParts(in)) return Loaded::kDamaged;
  changed_ = false;
  return Loaded::kDone;
}

bool RunningRule::LoadParts(v1::StoredDetection& in) {
  std::vector<int> from;  // of each slot, where it was
  for (const Plan::Slot& slot : plan_->slots) {
    const auto found = std::find(in.slots().begin(), in.slots().end(), slot.name);
    from.push_back(found == in.slots().end() ? -1 : static_cast<int>(found - in.slots().begin()));
  }
  for (v1::StoredItem& item : *in.mutable_waiting()) Reorder(from, *item.mutable_values());
  for (v1::StoredKey& key : *in.mutable_keys())
    for (v1::StoredPart& part : *key.mutable_parts())
      if (part.values_size() > 0) Reorder(from, *part.mutable_values());
  waiting_.Load(in);
  if (!events_.Load(in) || !(report_ ? report_->Load(in) : detector_->Load(in))) return false;
  behind_ = in.behind();
  began_ = in.has_began() ? std::optional(in.began()) : std::nullopt;
  matched_ = in.matched();
  evicted_ = in.evicted();
  return true;
}

}  // namespace cistern::detect

namespace cistern {

std::vector<std::string> KeysToResolve(const DetectionState& state) {
  v1::StoredDetection in;
  const std::string_view whole = detect::Unsealed(state.octets);
  if (whole.empty() || !in.ParseFromArray(whole.data(), static_cast<int>(whole.size()))) return {};
  std::vector<std::string> keys(in.silent().begin(), in.silent().end());
  for (const v1::StoredKey& key : in.open()) keys.push_back(key.key());
  return keys;
}

}  // namespace cistern
