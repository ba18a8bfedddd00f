// What detections, limits and add-ons have to say about events, in order.
#pragma once

#include "cistern/v1/event.pb.h"

namespace cistern {

struct EventChange {
  enum class Kind {
    // A new event: rule, severity, key, summary, fields, record_ids (20 at most), first_time, last_time,
    // count.
    // The rest (id, state, muted, other times ...) is set when it is stored.
    kRaise,
    // More for the newest event of that rule and key: `count` is how many records come on top, `last_time`
    // and `record_ids` theirs; fields replace those of the same name, a summary that is not empty replaces
    // the old one. What was resolved is open again, and told of. Nothing is done when there is no such event
    // any more.
    kAdd,
    // It is over: the newest event of that rule and key, unless it is resolved already. `resolve_time` says
    // when, absent: now. Fields and summary as in kAdd, and notes are added; the rest is not looked at.
    kResolve,
  };
  Kind kind = Kind::kRaise;
  v1::Event event;
};

}  // namespace cistern
