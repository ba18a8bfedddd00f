// Tests inside files of rules: records as a sender would send them, and what must come of them.
//
// Pure functions, any thread. A test runs with the rules of its file alone, in engines of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cistern/v1/event.pb.h"
#include "ingest/message/result.h"
#include "service/detect/detections.h"

namespace cistern {

namespace v1 {
class Rule;
class RuleFile;
class RuleTest;
}  // namespace v1

struct RuleTestOutcome {
  std::string name;
  std::vector<std::string> failures;  // one sentence for each difference; none: it passed
  std::vector<v1::Event> events;      // those that were raised
};

// `rules`: with their defaults filled in and `expires` as a time. The error says which rule cannot be
// compiled.
Result<RuleTestOutcome, std::string> RunRuleTest(const std::vector<v1::Rule>& rules, const v1::RuleTest& test,
                                                 const DetectionLimits& limits);

}  // namespace cistern
