#include "service/forward/dead_letters.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "cistern/v1/stored.pb.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestReason = 500;

// So that names sort as ids do.
std::string NameOf(RecordId id) { return fmt::format("{:020}", ToInt(id)); }

DeadLetter FromStored(const StoredObject& object) {
  v1::StoredLetter stored;
  stored.ParseFromString(object.body);
  std::uint64_t id = 0;
  std::from_chars(object.name.data(), object.name.data() + object.name.size(), id);
  return {RecordId{id}, stored.reason(), stored.first_time(), stored.last_time(), stored.attempts()};
}

std::string ToStored(const DeadLetter& letter) {
  v1::StoredLetter stored;
  stored.set_reason(letter.reason);
  stored.set_first_time(letter.first_time);
  stored.set_last_time(letter.last_time);
  stored.set_attempts(letter.attempts);
  return stored.SerializeAsString();
}

}  // namespace

DeadLetters::DeadLetters(Store& store, const std::string& target, std::uint64_t most)
    : store_(store), kind_(KindOf(target)), most_(most) {
  (void)Recount();
}

Result<void> DeadLetters::Recount() {
  const auto count = store_.CountObjects(kind_);
  if (!count) return count.error();
  count_.store(*count);
  return {};
}

Result<void> DeadLetters::Add(std::span<const Refusal> refusals, std::int64_t now) {
  StateChange change;
  for (const Refusal& refusal : refusals) {
    DeadLetter letter{refusal.id, refusal.reason.substr(0, kLongestReason), now, now, 1};
    const auto before = List(RecordId{ToInt(refusal.id) - 1}, 1);
    if (!before) return before.error();
    if (!before->empty() && before->front().id == refusal.id) {
      letter.first_time = before->front().first_time;
      letter.attempts = before->front().attempts + 1;
    }
    change.objects.push_back({kind_, NameOf(letter.id), ToStored(letter), std::nullopt});
  }
  if (const auto done = store_.ChangeState(change); !done) return done.error();
  if (const auto counted = Recount(); !counted) return counted;
  return count() > most_ ? Trim() : Result<void>();
}

Result<void> DeadLetters::Trim() {
  const auto surplus = List(RecordId{0}, count() - most_);
  if (!surplus) return surplus.error();
  std::vector<RecordId> ids;
  for (const DeadLetter& letter : *surplus) ids.push_back(letter.id);
  const auto removed = Remove(ids);
  if (!removed) return removed.error();
  discarded_ += *removed;
  return {};
}

Result<std::vector<DeadLetter>> DeadLetters::List(RecordId after, std::size_t limit) {
  const auto objects = store_.ListObjects(kind_, NameOf(after), limit);
  if (!objects) return objects.error();
  std::vector<DeadLetter> letters;
  for (const StoredObject& object : *objects) letters.push_back(FromStored(object));
  return letters;
}

Result<std::uint64_t> DeadLetters::Remove(std::span<const RecordId> ids) {
  const std::uint64_t before = count();
  StateChange change;
  for (const RecordId id : ids) change.objects.push_back({kind_, NameOf(id), std::nullopt, std::nullopt});
  if (const auto done = store_.ChangeState(change); !done) return done.error();
  if (const auto counted = Recount(); !counted) return counted.error();
  return before > count() ? before - count() : 0;
}

Result<std::uint64_t> DeadLetters::RemoveAll() {
  const std::uint64_t before = count();
  StateChange change;
  change.deleted_kinds.push_back(kind_);
  if (const auto done = store_.ChangeState(change); !done) return done.error();
  count_.store(0);
  return before;
}

}  // namespace cistern
