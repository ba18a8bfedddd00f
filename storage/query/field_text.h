// One field of one row as text.
#pragma once

#include <cstdint>
#include <string>

#include "storage/filter/filter.h"

namespace cistern {

// As a query prints it: times in RFC 3339, names of severities and the like. Several values stand with commas
// between them; empty where there is none.
std::string FieldText(BatchView& view, const FieldRef& field, std::uint32_t row);
// Of a record in memory, behind what `out` holds.
void AppendFieldText(const Record& record, const FieldRef& field, std::string& out);

}  // namespace cistern
