// Rules and their changes in protobuf form.
#include "ingest/message/wall_time.h"
#include "proto/convert/record.h"
#include "service/control/rule_service.h"
#include "service/rules/definition.h"

namespace cistern {

void ToProto(const AppliedRule& applied, v1::AppliedRule* out) {
  using Action = AppliedRule::Action;
  out->set_name(applied.name);
  out->set_action(applied.action == Action::kCreated     ? v1::AppliedRule::ACTION_CREATED
                  : applied.action == Action::kChanged   ? v1::AppliedRule::ACTION_CHANGED
                  : applied.action == Action::kUnchanged ? v1::AppliedRule::ACTION_UNCHANGED
                                                         : v1::AppliedRule::ACTION_DELETED);
  if (applied.before) *out->mutable_before() = *applied.before;
  if (applied.after) *out->mutable_after() = *applied.after;
  out->set_revision(applied.revision);
}

void ToProto(const RuleOutcome& outcome, v1::ApplyRulesResponse* out) {
  for (const AppliedRule& applied : outcome.rules) ToProto(applied, out->add_rules());
  out->set_change(outcome.change);
  if (outcome.confirm_time) ToProto(*outcome.confirm_time, out->mutable_confirm_time());
}

void ToProto(const RuleHistoryEntry& entry, v1::RuleHistoryEntry* out) {
  out->set_change(entry.change);
  ToProto(entry.time, out->mutable_time());
  out->set_who(entry.who);
  out->set_comment(entry.comment);
  for (const AppliedRule& applied : entry.rules) ToProto(applied, out->add_rules());
}

void ToProto(const RuleEntry& entry, const RuleFigures* figures, v1::RuleInfo* out) {
  *out->mutable_rule() = *entry.definition;
  out->set_revision(entry.revision);
  out->set_from_configuration(entry.from_configuration);
  ToProto(entry.created, out->mutable_create_time());
  ToProto(entry.updated, out->mutable_update_time());
  v1::RuleFigures* to = out->mutable_figures();
  to->set_over(ExpiryOf(*entry.definition).value_or(INT64_MAX) <= WallTime());
  if (figures == nullptr) return;
  to->set_matched(figures->matched);
  to->set_dropped(figures->dropped);
  to->set_changed(figures->changed);
  to->set_events(figures->events);
  to->set_keys(figures->keys);
  to->set_evicted(figures->evicted);
  to->set_expired(figures->expired);
  to->set_state_bytes(figures->state_bytes);
}

}  // namespace cistern
