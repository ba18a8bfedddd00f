// A second, naive implementation of the filter language's meaning, row by row and with backtracking, that
// shares no code with the real one. The differential test compares the two.
#pragma once

#include <string>
#include <vector>

#include "ingest/message/record.h"

namespace cistern::naive {

struct Expr {
  enum class Kind {
    kText,  // `text` in the message: kBlank, kStar and kAny below are special
    kHost,
    kApp,           // whole value: kStar and kAny are special
    kAlternatives,  // regular expression of literals: `children` hold them in `text`
    kRegex,         // `text` as RE2 reads it
    kSeverityAtLeast,
    kFacility,
    kIdBetween,
    kReceivedFrom,
    kPortBelow,    // numbers in a, b
    kPeer,         // network `text`, as first octets `children`... of IPv4: a = address, b = prefix
    kTag,          // tag.user:text
    kSd,           // sd.x@1.n:text
    kSdAtLeast,    // sd.x@1.n:>=a
    kJsonAtLeast,  // json.status:>=a
    kHostExists,
    kTimeExists,
    kAnd,
    kOr,
    kNot,
  };
  Kind kind = Kind::kText;
  std::string text;
  std::int64_t a = 0, b = 0;
  std::vector<Expr> children;
};

inline constexpr char kBlank = '\x01', kStar = '\x02', kAny = '\x03';

bool Matches(const Expr& expr, const Record& record);
// As a user would write it. `quoted`: texts without wildcards as phrases.
std::string Print(const Expr& expr);

}  // namespace cistern::naive
