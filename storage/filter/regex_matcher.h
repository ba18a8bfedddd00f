// Regular expressions over messages: RE2 on Latin-1, with the literals that every match needs looked for
// first.
#pragma once

#include <string>
#include <vector>

#include "storage/filter/matcher.h"

namespace cistern::filter {

// `value.op` is kRegex. Error: RE2 does not accept it.
MatcherResult MakeRegex(const Value& value);

// Literals, folded, of which every text that matches holds one, whatever the case. None: not known. `value`
// is one that MakeRegex() takes.
std::vector<std::string> NeededLiterals(const Value& value);

}  // namespace cistern::filter
