// Field names: text to FieldRef and back.
#pragma once

#include <string>
#include <string_view>

#include "storage/filter/filter.h"

namespace cistern::filter {

// Whether `name` (without quotes) is a field or begins like one (`tag.`, `sd.`, `json.` ...).
bool IsKnownField(std::string_view name);
// The name as a user would write it: `host` becomes `hostname`; quotes only where they are needed.
std::string FieldName(const FieldRef& field);
// Length of what could be a field name at the start of `text`: a letter or `_`, then letters, digits, `_ . @
// -` and, behind a dot, quoted parts. 0 when there is none.
std::size_t ScanFieldName(std::string_view text);

// An error's `found`: the text in quotes, control characters escaped, cut when long.
std::string Quoted(std::string_view text);

}  // namespace cistern::filter
