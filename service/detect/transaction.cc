#include <algorithm>

#include "service/detect/detector.h"

namespace cistern::detect {
namespace {

struct Transaction {
  std::int64_t first = 0, last = 0;                // ns
  std::int64_t start = 0, stated_start = kNoTime;  // of the record that {{start}} is about
  bool started = false, required = false, refused = false;
  std::uint64_t records = 0;
  std::vector<std::uint64_t> counts, ids;
  Values values;  // the first that were found

  std::size_t bytes() const { return (counts.size() + ids.size()) * 8 + BytesOf(values); }
  void SetBack(std::int64_t span) {
    for (std::int64_t* time : {&first, &last, &start}) *time -= span;
  }
  void Save(v1::StoredKey& out) const {
    v1::StoredPart& part = *out.add_parts();
    for (const std::int64_t number : {first, last, start, stated_start, std::int64_t{started},
                                      std::int64_t{required}, std::int64_t{refused}})
      part.add_numbers(number);
    part.add_numbers(static_cast<std::int64_t>(records));
    for (const std::string& value : values) part.add_values(value);
    for (const auto* list : {&counts, &ids}) {
      v1::StoredPart& more = *out.add_parts();
      for (const std::uint64_t number : *list) more.add_numbers(static_cast<std::int64_t>(number));
    }
  }
  bool Load(const v1::StoredKey& in) {
    if (in.parts_size() != 3 || in.parts(0).numbers_size() != 8) return false;
    const auto& numbers = in.parts(0).numbers();
    first = numbers[0];
    last = numbers[1];
    start = numbers[2];
    stated_start = numbers[3];
    started = numbers[4] != 0;
    required = numbers[5] != 0;
    refused = numbers[6] != 0;
    records = static_cast<std::uint64_t>(numbers[7]);
    values.assign(in.parts(0).values().begin(), in.parts(0).values().end());
    for (const std::int64_t number : in.parts(1).numbers())
      counts.push_back(static_cast<std::uint64_t>(number));
    for (const std::int64_t number : in.parts(2).numbers()) ids.push_back(static_cast<std::uint64_t>(number));
    return true;
  }
};

class Transactions final : public KeyedDetector<Transaction> {
 public:
  Transactions(const Plan& plan, EventWriter& events, std::size_t max_bytes)
      : KeyedDetector(plan, events, plan.rule.transaction().max_keys(), max_bytes),
        any_begins_(plan.rule.transaction().begin().empty()),
        any_starts_(plan.rule.transaction().start().empty()),
        needs_none_(plan.rule.transaction().require().empty()),
        counts_(plan.inner.size() - kCounts),
        max_age_(plan.rule.transaction().max_age()) {}

  void Take(const Item& item) override {
    if (!table_.Find(item.key) && !any_begins_ && !item.marked(kBegin)) return;
    bool is_new = false;
    Entry& entry = table_.Touch(item.key, item.time, &is_new);
    if (is_new) {
      Open(entry.state, item);
      table_.SetDue(entry, item.time + max_age_);
    }
    AddTo(entry.state, item);
    if (!item.marked(kEnd)) return table_.Resized(entry);
    if (entry.state.required && !entry.state.refused) Raise(entry.state, item);
    table_.Erase(entry);
  }

  std::int64_t NextTimer() override { return table_.NextDue(); }
  void RunTimer() override {
    table_.Erase(table_.TakeDue());
    ++expired_;
  }
  std::uint64_t expired() const override { return expired_; }

  void Save(v1::StoredDetection& out) const override {
    KeyedDetector::Save(out);
    out.set_expired(expired_);
  }
  bool Load(const v1::StoredDetection& in) override {
    expired_ = in.expired();
    if (!KeyedDetector::Load(in)) return false;
    return std::all_of(table_.entries().begin(), table_.entries().end(), [&](const Entry& entry) {
      return entry.state.counts.size() == counts_ && entry.state.values.size() == plan_.slots.size();
    });
  }

 private:
  void Open(Transaction& transaction, const Item& item) const {
    transaction.first = transaction.start = item.time;
    transaction.stated_start = item.stated;
    transaction.required = needs_none_;
    transaction.counts.assign(counts_, 0);
    transaction.values = item.values;
  }

  void AddTo(Transaction& transaction, const Item& item) const {
    transaction.last = item.time;
    transaction.records += item.weight;
    transaction.required |= item.marked(kRequire);
    transaction.refused |= item.marked(kWithout);
    if (!transaction.started && !any_starts_ && item.marked(kStart)) {
      transaction.started = true;
      transaction.start = item.time;
      transaction.stated_start = item.stated;
    }
    for (std::size_t i = 0; i < counts_; ++i)
      if (item.marked(kCounts + i)) transaction.counts[i] += item.weight;
    if (transaction.ids.size() < plan_.samples()) transaction.ids.push_back(item.id);
    for (std::size_t slot = 0; slot < item.values.size(); ++slot)
      if (transaction.values[slot].empty()) transaction.values[slot] = item.values[slot];
  }

  // The sender's own clock tells best how long it took, whenever the records came.
  void Raise(const Transaction& transaction, const Item& item) {
    Happening happening = HappeningOf(item);
    const bool stated = transaction.stated_start != kNoTime && item.stated != kNoTime &&
                        item.stated >= transaction.stated_start;
    const std::int64_t start = stated ? transaction.stated_start : transaction.start;
    const std::int64_t finish = stated ? item.stated : item.time;
    happening.first = transaction.first;
    happening.count = transaction.records;
    happening.values = &transaction.values;
    happening.record_ids = transaction.ids;
    happening.extras = {
        {"start", TimeText(start)}, {"finish", TimeText(finish)}, {"duration", DurationText(finish - start)}};
    for (std::size_t i = 0; i < counts_; ++i)
      happening.extras.emplace_back(plan_.inner[kCounts + i].name, std::to_string(transaction.counts[i]));
    events_.Raise(happening);
  }

  const bool any_begins_, any_starts_, needs_none_;
  const std::size_t counts_;
  const std::int64_t max_age_;
  std::uint64_t expired_ = 0;
};

}  // namespace

std::unique_ptr<Detector> MakeTransaction(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  return std::make_unique<Transactions>(plan, events, max_bytes);
}

}  // namespace cistern::detect
