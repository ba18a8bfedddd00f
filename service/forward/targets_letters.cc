// Targets: dead letters, and trying a target.
#include <fmt/format.h>

#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "ingest/message/record_batch.h"
#include "service/forward/target_store.h"
#include "service/host_name.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

// The record a test sends: plain text that says what it is.
Record TestRecord(const std::string& target, std::int64_t now, const std::string& host, std::string& text) {
  text = fmt::format("Cistern test of target \"{}\"; please ignore", target);
  Record record;
  record.id = RecordId{1};
  record.received = record.time = now;
  record.transport = Transport::kInternal;
  record.hostname = host;
  record.app_name = "cistern";
  record.msgid = "TEST";
  record.message = record.raw = text;
  return record;
}

}  // namespace

Targets::Outcome<Targets::Letters> Targets::ListLetters(const std::string& name, RecordId after,
                                                        std::size_t limit) {
  const auto runner = RunnerOf(name);
  if (!runner) return runner.error();
  auto letters = (*runner)->letters().List(after, limit);
  if (!letters) return StoreTrouble(letters.error());
  return Letters{std::move(*letters), (*runner)->letters().count()};
}

Targets::Outcome<LetterOutcome> Targets::RetryLetters(const std::string& name, std::vector<RecordId> ids) {
  const auto runner = RunnerOf(name);
  if (!runner) return runner.error();
  if ((*runner)->progress().paused)
    return TargetError{TargetError::Kind::kFromConfiguration,
                       fmt::format("target \"{}\" is paused; resume it first", name),
                       {}};
  return (*runner)->RetryLetters(std::move(ids));
}

Targets::Outcome<LetterOutcome> Targets::DiscardLetters(const std::string& name,
                                                        const std::vector<RecordId>& ids) {
  const auto runner = RunnerOf(name);
  if (!runner) return runner.error();
  DeadLetters& letters = (*runner)->letters();
  const auto removed = ids.empty() ? letters.RemoveAll() : letters.Remove(ids);
  if (!removed) return StoreTrouble(removed.error());
  return LetterOutcome{.done = *removed};
}

std::string Targets::MessageOf(RecordId id, std::size_t limit) {
  const auto scan = context_.store.NewScan({.id_min = ToInt(id), .id_max = ToInt(id)});
  const auto batch = scan->Next();
  if (!batch || !*batch) return {};
  (*batch)->Check();
  if ((*batch)->damaged()) return {};
  const auto ids = (*batch)->Ints(Column::kId);
  const auto at = std::lower_bound(ids.begin(), ids.end(), static_cast<std::int64_t>(ToInt(id)));
  if (at == ids.end() || *at != static_cast<std::int64_t>(ToInt(id))) return {};
  const Record record = (*batch)->Row(static_cast<std::size_t>(at - ids.begin()));
  return std::string(record.message.substr(0, limit));
}

void Targets::Test(std::shared_ptr<const v1::Target> definition,
                   const std::function<void(const TestedStep&)>& tell, const Stop& stop) {
  auto began = steady_clock::now();
  const auto report = [&](StepReport step, bool ok) {
    const auto now = steady_clock::now();
    tell({std::move(step), ok, now - std::exchange(began, now)});
  };
  auto sink = context_.make_sink(*definition, {.store_id = context_.store.store_id(),
                                               .epoch = 0,
                                               .saved_state = {},
                                               .test = true,
                                               .observe = [&](const StepReport& step) { report(step, true); },
                                               .is_own_address = context_.is_own_address});
  if (!sink) return report({"prepare", sink.error().text}, false);
  std::string text;
  const std::string host = HostName();
  const std::array records{TestRecord(definition->name(), context_.clock(), host, text)};
  RecordsView view(records);
  const std::array<std::uint32_t, 1> rows{0};
  const Delivery delivery = (*sink)->Deliver({view, rows}, stop);
  std::optional<Failure> failure = delivery.failure;
  if (!failure && delivery.refused.empty()) failure = (*sink)->Idle(stop);
  (*sink)->Close(steady_clock::now() + std::chrono::seconds(5));
  if (failure) return report({"deliver", failure->text}, false);
  if (!delivery.refused.empty()) return report({"deliver", delivery.refused.front().reason}, false);
  report({"deliver", fmt::format("one record, {} octets", delivery.bytes)}, delivery.taken == 1);
}

}  // namespace cistern
