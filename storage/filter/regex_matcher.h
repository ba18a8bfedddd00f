// Regular expressions over messages: RE2 on Latin-1, with the literals that every match needs looked for
// first.
#pragma once

#include "storage/filter/matcher.h"

namespace cistern::filter {

// `value.op` is kRegex. Error: RE2 does not accept it.
MatcherResult MakeRegex(const Value& value);

}  // namespace cistern::filter
