#include "service/detect/detector.h"

namespace cistern::detect {

Happening HappeningOf(const Item& item) {
  Happening happening;
  happening.key = item.key;
  happening.at = happening.first = happening.last = item.time;
  happening.count = item.weight;
  happening.values = &item.values;
  happening.record_ids = {item.id};
  return happening;
}

std::unique_ptr<Detector> MakeDetector(const Plan& plan, EventWriter& events, std::size_t max_bytes) {
  switch (plan.rule.kind_case()) {
    case v1::Rule::kMatch:
      return MakeMatch(plan, events, max_bytes);
    case v1::Rule::kThreshold:
      return MakeThreshold(plan, events, max_bytes);
    case v1::Rule::kSequence:
      return MakeSequence(plan, events, max_bytes);
    case v1::Rule::kTransaction:
      return MakeTransaction(plan, events, max_bytes);
    case v1::Rule::kAbsent:
      return MakeAbsent(plan, events, max_bytes);
    case v1::Rule::kFirstSeen:
      return MakeFirstSeen(plan, events, max_bytes);
    default:
      return MakeRateChange(plan, events, max_bytes);
  }
}

}  // namespace cistern::detect
