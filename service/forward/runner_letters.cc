// TargetRunner: dead letters that are to be delivered again.
#include <algorithm>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "service/forward/runner.h"

namespace cistern {
namespace {

constexpr std::size_t kLettersAtOnce = 1000;

}  // namespace

LetterOutcome TargetRunner::RetryLetters(std::vector<RecordId> ids) {
  std::future<LetterOutcome> outcome;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || ending_) return {.error = "the target was stopped"};
    LetterOrder& order = letter_orders_.emplace_back();
    order.ids = std::move(ids);
    outcome = order.outcome.get_future();
    stop_.Request();
  }
  context_.store.WakeWaiters();
  return outcome.get();
}

void TargetRunner::RefuseLetterOrders(const std::string& why) {
  std::vector<LetterOrder> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(letter_orders_);
  }
  for (LetterOrder& order : orders) order.outcome.set_value({.error = why});
}

void TargetRunner::ServeLetters() {
  std::vector<LetterOrder> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(letter_orders_);
  }
  for (LetterOrder& order : orders) {
    order.outcome.set_value(sink_ ? RetryNow(std::move(order.ids))
                                  : LetterOutcome{.error = "the destination cannot be reached"});
  }
}

// Those of `ids` that are letters, ascending; none named: all letters.
Result<std::vector<RecordId>> TargetRunner::LettersOf(std::vector<RecordId> ids) {
  std::vector<RecordId> found;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  for (const RecordId id : ids) {
    const auto letter = letters_.List(RecordId{ToInt(id) - 1}, 1);
    if (!letter) return letter.error();
    if (!letter->empty() && letter->front().id == id) found.push_back(id);
  }
  for (RecordId after{}; ids.empty();) {
    const auto letters = letters_.List(after, kLettersAtOnce);
    if (!letters) return letters.error();
    for (const DeadLetter& letter : *letters) found.push_back(letter.id);
    if (letters->size() < kLettersAtOnce) break;
    after = letters->back().id;
  }
  return found;
}

LetterOutcome TargetRunner::RetryNow(std::vector<RecordId> ids) {
  LetterOutcome outcome;
  auto letters = LettersOf(std::move(ids));
  if (!letters) return {.error = letters.error().message()};
  ids = std::move(*letters);
  std::size_t next = 0;
  while (next < ids.size()) {
    const auto scan = context_.store.NewScan({.id_min = ToInt(ids[next]), .id_max = ToInt(ids.back())});
    const auto batch = scan->Next();
    if (!batch) return outcome.error = "reading the store: " + batch.error().message(), outcome;
    std::vector<std::uint32_t> rows;
    std::vector<RecordId> gone;
    if (*batch) (*batch)->Check();
    if (*batch && (*batch)->damaged())
      return outcome.error = "some of the records cannot be read; the log says which", outcome;
    const auto stored = *batch ? (*batch)->Ints(Column::kId) : std::span<const std::int64_t>();
    for (; next < ids.size() && (!*batch || ids[next] <= (*batch)->last_id()); ++next) {
      const auto id = static_cast<std::int64_t>(ToInt(ids[next]));
      const auto at = std::lower_bound(stored.begin(), stored.end(), id);
      if (at == stored.end() || *at != id) {
        gone.push_back(ids[next]);
      } else {
        rows.push_back(static_cast<std::uint32_t>(at - stored.begin()));
      }
    }
    if (const auto removed = letters_.Remove(gone)) outcome.lost += *removed;
    if (!rows.empty() && !RetryIn(**batch, std::move(rows), outcome)) return outcome;
  }
  return outcome;
}

// Rows of one batch; false: the rest is not to be tried.
bool TargetRunner::RetryIn(StoredBatch& batch, std::vector<std::uint32_t> rows, LetterOutcome& outcome) {
  const auto ids = batch.Ints(Column::kId);
  for (std::size_t done = 0; done < rows.size();) {
    const auto rest = std::span<const std::uint32_t>(rows).subspan(done);
    const Delivery delivery = sink_->DeliverLetters({batch, rest}, stop_);
    if (!delivery.refused.empty() && !Bury(delivery.refused)) {
      outcome.error = "dead letters cannot be written down";
      return false;
    }
    std::vector<RecordId> delivered;
    for (const std::uint32_t row : rest.first(delivery.taken)) {
      const RecordId id{static_cast<std::uint64_t>(ids[row])};
      const bool refused = std::any_of(delivery.refused.begin(), delivery.refused.end(),
                                       [&](const Refusal& refusal) { return refusal.id == id; });
      if (!refused) delivered.push_back(id);
    }
    outcome.refused += delivery.refused.size();
    if (const auto removed = letters_.Remove(delivered)) outcome.done += *removed;
    Succeeded(delivered.size(), delivery.bytes);
    done += delivery.taken;
    if (delivery.failure) {
      outcome.error = delivery.failure->text;
      Failed(*delivery.failure);
      return false;
    }
  }
  return true;
}

}  // namespace cistern
