#include "service/detect/report.h"

#include <algorithm>

namespace cistern::detect {
namespace {

constexpr std::size_t kMostValues = 10'000;  // that are counted for `top` in one interval
constexpr std::size_t kTop = 10;

std::map<std::string, std::string> Sorted(const google::protobuf::Map<std::string, std::string>& map) {
  return {map.begin(), map.end()};
}

}  // namespace

Report::Report(const Plan& plan, EventWriter& events)
    : plan_(plan),
      rule_(plan.rule.report()),
      events_(events),
      of_events_(Sorted(rule_.events())),
      of_expired_(Sorted(rule_.expired())),
      of_open_(Sorted(rule_.open())),
      counters_(of_events_.size() + of_expired_.size()) {}

void Report::Begin(std::int64_t time) {
  start_ = time;
  next_end_ = AlignedEnd(time, rule_.every());
}

Report::Interval& Report::IntervalOf(std::int64_t end) {
  Interval& interval = intervals_[end];
  interval.counts.resize(plan_.inner.size());
  return interval;
}

void Report::Take(const Item& item) {
  Interval& interval = IntervalOf(std::max(next_end_, AlignedEnd(item.time, rule_.every())));
  interval.records += item.weight;
  interval.octets += item.octets;
  for (std::size_t i = 0; i < interval.counts.size(); ++i)
    if (item.marked(i)) interval.counts[i] += item.weight;
  if (!plan_.top || item.values[*plan_.top].empty()) return;
  const std::string& value = item.values[*plan_.top];
  const auto found = interval.top.find(value);
  if (found != interval.top.end()) {
    found->second += item.weight;
  } else if (interval.top.size() < kMostValues) {
    interval.top.emplace(value, item.weight);
  } else {
    ++evicted_;
  }
}

std::string Report::TopText(const Interval& interval) const {
  std::vector<std::pair<std::string, std::uint64_t>> values(interval.top.begin(), interval.top.end());
  const auto kept = values.begin() + static_cast<std::ptrdiff_t>(std::min(kTop, values.size()));
  std::partial_sort(values.begin(), kept, values.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (auto value = values.begin(); value != kept; ++value) {
    if (!text.empty()) text += ", ";
    text += value->first + ": " + std::to_string(value->second);
  }
  return text;
}

void Report::AddCounters(const CountersOf& counters, Happening& happening) {
  std::size_t i = 0;
  const auto add = [&](const std::string& name, std::uint64_t now) {
    const std::uint64_t before = std::exchange(counters_[i++], now);
    happening.extras.emplace_back(name, std::to_string(now >= before ? now - before : now));
  };
  for (const auto& [name, rule] : of_events_) add(name, counters(rule).events);
  for (const auto& [name, rule] : of_expired_) add(name, counters(rule).expired);
  for (const auto& [name, rule] : of_open_)
    happening.extras.emplace_back(name, std::to_string(counters(rule).open));
}

void Report::EndInterval(const CountersOf& counters) {
  const std::int64_t end = next_end_;
  const Interval interval = IntervalOf(end);
  intervals_.erase(end);
  Happening happening;
  happening.at = happening.last = end;
  happening.first = start_;
  happening.count = interval.records;
  happening.extras = {{"records", std::to_string(interval.records)},
                      {"bytes", std::to_string(interval.octets)},
                      {"start", TimeText(start_)},
                      {"end", TimeText(end)},
                      {"duration", DurationText(end - start_)}};
  if (plan_.top) happening.extras.emplace_back("top", TopText(interval));
  for (std::size_t i = 0; i < interval.counts.size(); ++i)
    happening.extras.emplace_back(plan_.inner[i].name, std::to_string(interval.counts[i]));
  AddCounters(counters, happening);
  if (end - start_ < rule_.every())
    happening.remark = " (of " + DurationText(end - start_) + " only, since the rule began)";
  events_.Raise(happening);
  start_ = end;
  next_end_ = end + rule_.every();
}

bool Report::SkipEmpty(std::int64_t bound) {
  if (next_end_ >= bound) return false;
  const std::int64_t every = rule_.every();
  std::int64_t last = AlignedEnd(bound - 1, every) - every;
  if (!intervals_.empty()) last = std::min(last, intervals_.begin()->first - every);
  if (last < next_end_ + kMostEmpty * every) return false;
  next_end_ = last;
  return true;
}

void Report::SetBack(std::int64_t span) {
  if (next_end_ == kNever) return;
  const auto end = [&](std::int64_t before) { return AlignedEnd(before - span - 1, rule_.every()); };
  start_ -= span;
  next_end_ = end(next_end_);
  for (auto& [before, interval] : std::exchange(intervals_, {})) intervals_[end(before)] = interval;
}

std::size_t Report::bytes() const {
  std::size_t bytes = 0;
  for (const auto& [end, interval] : intervals_)
    bytes += sizeof(Interval) + 64 + interval.counts.size() * 8 + interval.top.size() * 112;
  return bytes;
}

void Report::Save(v1::StoredDetection& out) const {
  out.set_next(next_end_);
  out.set_started(start_);
  for (const auto& [end, interval] : intervals_) {
    v1::StoredInterval& stored = *out.add_intervals();
    stored.set_end(end);
    stored.set_records(interval.records);
    stored.set_bytes(interval.octets);
    for (const std::uint64_t count : interval.counts) stored.add_counts(count);
    for (const auto& [value, count] : interval.top) (*stored.mutable_top())[value] = count;
  }
  for (const std::uint64_t counter : counters_) out.add_counters(counter);
}

bool Report::Load(const v1::StoredDetection& in) {
  if (static_cast<std::size_t>(in.counters_size()) != counters_.size()) return false;
  next_end_ = in.next();
  start_ = in.started();
  for (const v1::StoredInterval& stored : in.intervals()) {
    if (static_cast<std::size_t>(stored.counts_size()) != plan_.inner.size()) return false;
    Interval& interval = intervals_[stored.end()];
    interval.records = stored.records();
    interval.octets = stored.bytes();
    interval.counts.assign(stored.counts().begin(), stored.counts().end());
    interval.top.insert(stored.top().begin(), stored.top().end());
  }
  counters_.assign(in.counters().begin(), in.counters().end());
  return true;
}

}  // namespace cistern::detect
