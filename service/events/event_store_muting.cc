// What mutes events: silences, and rules that inhibit others.
#include <spdlog/spdlog.h>

#include "cistern/v1/rule.pb.h"
#include "proto/convert/record.h"
#include "service/events/event_draft.h"
#include "service/events/event_inbox.h"
#include "service/events/event_names.h"
#include "service/events/event_outbox.h"
#include "service/events/event_store.h"
#include "service/rules/definition.h"

namespace cistern {

void EventStore::SetRules(std::span<const v1::Rule> rules) {
  const std::lock_guard change(change_mutex_);
  {
    const std::lock_guard lock(mutex_);
    rule_names_.clear();
    event_fields_.clear();
    for (const v1::Rule& rule : rules) {
      rule_names_.insert(rule.name());
      const v1::EventConfig* event = EventOf(rule);
      if (event == nullptr) continue;
      for (const auto& [name, text] : event->fields()) event_fields_.insert(name);
    }
    std::erase_if(figures_.suppressed,
                  [this](const auto& rule) { return !rule_names_.contains(rule.first); });
  }
  cap_.KeepOnly([this](const std::string& rule) { return rule_names_.contains(rule); });
  if (inhibitions_.SetRules(rules)) FillInhibitions();
}

void EventStore::FillInhibitions() {
  for (const IndexedEvent& entry : index_.events()) {
    if (entry.state == v1::Event::STATE_RESOLVED || !inhibitions_.Inhibits(*entry.rule)) continue;
    const auto object = store_.GetObject(kEventKind, NameOf(entry.id));
    v1::StoredEvent stored;
    if (object && *object && stored.ParseFromString((*object)->body)) inhibitions_.Add(stored.event());
  }
}

std::vector<v1::Silence> EventStore::ListSilences(bool expired) {
  const std::lock_guard lock(mutex_);
  return silences_.List(expired, clock_());
}

EventStore::Outcome<v1::Silence> EventStore::PutSilence(v1::Silence silence) {
  const std::int64_t now = clock_();
  if (auto wrong = Silences::Check(silence, now); !wrong.empty()) return Invalid(std::move(wrong));
  silence.clear_warnings();
  if (!silence.has_start_time()) ToProto(now, silence.mutable_start_time());
  const std::lock_guard change(change_mutex_);
  if (silences_.Find(silence.name()) == nullptr && silences_.size() >= kMaxSilences)
    return ChangeError{ChangeError::Kind::kTooMany, "there are 1000 silences already", {}};
  if (const auto written = WriteSilence(silence); !written) return StoreTrouble(written.error());
  for (std::string& doubt : SilenceDoubts(*Filter::Parse(silence.filter()), Known()))
    silence.add_warnings(std::move(doubt));
  return silence;
}

// Add-ons raise events of rules that no book has; those that did are known by their events.
KnownEvents EventStore::Known() {
  const std::lock_guard lock(mutex_);
  KnownEvents known{rule_names_, event_fields_, hostname_};
  for (const IndexedEvent& event : index_.events()) known.rules.insert(*event.rule);
  return known;
}

EventStore::Outcome<void> EventStore::EndSilence(const std::string& name) {
  const std::int64_t now = clock_();
  const std::lock_guard change(change_mutex_);
  const v1::Silence* found = silences_.Find(name);
  if (found == nullptr || FromProto(found->end_time()) <= now)
    return ChangeError{
        ChangeError::Kind::kNotFound, "there is no silence \"" + name + "\" that is not over", {}};
  v1::Silence silence = *found;
  ToProto(now, silence.mutable_end_time());
  if (FromProto(silence.start_time()) > now) ToProto(now, silence.mutable_start_time());
  if (const auto written = WriteSilence(silence); !written) return StoreTrouble(written.error());
  return {};
}

Result<void> EventStore::WriteSilence(const v1::Silence& silence) {
  StateChange write;
  write.objects.push_back({kSilenceKind, silence.name(), silence.SerializeAsString(), std::nullopt});
  if (const auto done = store_.ChangeState(write); !done) return done.error();
  const std::lock_guard lock(mutex_);
  silences_.Put(silence);
  return {};
}

}  // namespace cistern
