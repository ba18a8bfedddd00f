// Why a rule matches a record, or not.
//
// Pure functions, any thread. A record that is stored is as the ingest rules left it: an ingest rule is
// explained as if it saw that.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/record.h"

namespace cistern {

namespace v1 {
class Rule;
}

struct RuleExplanation {
  bool matched = false;
  std::string reason;
};

// The first part of a filter that `record` does not match and what the record has there, such as
// `severity:>=err: the record has "info"`. Empty: it matches. `filter` must parse.
std::string WhyNot(std::string_view filter, const Record& record);

// `rule`: with its defaults filled in. `now`: ns, for `expires`.
RuleExplanation ExplainRule(const v1::Rule& rule, const Record& record, std::int64_t now);

}  // namespace cistern
