#include "service/rules/event_list.h"

#include "proto/convert/record.h"

namespace cistern {
namespace {

constexpr int kMostRecordIds = 20;

std::string NameOf(const v1::Event& event) { return event.rule() + '\n' + event.key(); }

void MergeTexts(const v1::Event& more, v1::Event& event) {
  for (const auto& [name, value] : more.fields()) (*event.mutable_fields())[name] = value;
  if (!more.summary().empty()) event.set_summary(more.summary());
}

}  // namespace

const v1::Event* EventList::Take(const EventChange& change, std::int64_t now) {
  switch (change.kind) {
    case EventChange::Kind::kRaise:
      return Raise(change.event, now);
    case EventChange::Kind::kAdd:
      Add(change.event, now);
      return nullptr;
    case EventChange::Kind::kResolve:
      return Resolve(change.event, now);
  }
  return nullptr;
}

const v1::Event* EventList::Raise(const v1::Event& event, std::int64_t now) {
  ++raised_;
  const bool kept = events_.size() < most_;
  if (kept) {
    newest_[NameOf(event)] = events_.size();
  } else {
    newest_.erase(NameOf(event));
  }
  v1::Event& raised = kept ? events_.emplace_back(event) : beyond_ = event;
  raised.set_id(raised_);
  raised.set_state(v1::Event::STATE_OPEN);
  ToProto(now, raised.mutable_create_time());
  ToProto(now, raised.mutable_update_time());
  return &raised;
}

v1::Event* EventList::Newest(const v1::Event& like) {
  const auto found = newest_.find(NameOf(like));
  return found == newest_.end() ? nullptr : &events_[found->second];
}

void EventList::Add(const v1::Event& more, std::int64_t now) {
  v1::Event* event = Newest(more);
  if (event == nullptr) return;
  event->set_count(event->count() + more.count());
  if (more.has_last_time()) *event->mutable_last_time() = more.last_time();
  for (const std::uint64_t id : more.record_ids()) {
    if (event->record_ids_size() < kMostRecordIds) event->add_record_ids(id);
  }
  MergeTexts(more, *event);
  ToProto(now, event->mutable_update_time());
}

const v1::Event* EventList::Resolve(const v1::Event& last, std::int64_t now) {
  v1::Event* event = Newest(last);
  if (event == nullptr || event->state() == v1::Event::STATE_RESOLVED) return nullptr;
  event->set_state(v1::Event::STATE_RESOLVED);
  MergeTexts(last, *event);
  if (last.has_resolve_time()) {
    *event->mutable_resolve_time() = last.resolve_time();
  } else {
    ToProto(now, event->mutable_resolve_time());
  }
  ToProto(now, event->mutable_update_time());
  return event;
}

}  // namespace cistern
