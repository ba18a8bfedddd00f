// What is wrong with a store, as text and as JSON.
#pragma once

#include <string>

namespace cistern {
struct CheckProgress;
struct Finding;
}  // namespace cistern

namespace cistern::ctl {

// One line: file, what, which records.
void AppendFindingText(const Finding& finding, std::string& out);
// One object a line.
void AppendFindingJson(const Finding& finding, std::string& out);
void AppendSummaryJson(const CheckProgress& progress, std::string& out);
// `clean: 3 log files, 305 batches, 10 000 000 records`, or how many findings and what is lost.
std::string SummaryText(const CheckProgress& progress);

}  // namespace cistern::ctl
