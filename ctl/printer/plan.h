// How a query went about it and what that cost: `--explain`.
#pragma once

#include <string>

namespace cistern::v1 {
class QuerySummary;
}

namespace cistern::ctl {

// A small table; lines that would say 0 are left out, but for what was considered, read and matched.
void AppendPlan(const v1::QuerySummary& summary, bool color, std::string& out);
// One JSON object on a line, every field.
void AppendPlanJson(const v1::QuerySummary& summary, std::string& out);

}  // namespace cistern::ctl
