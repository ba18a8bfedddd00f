// What a reload changes.
#pragma once

#include <string>
#include <vector>

namespace cistern {

namespace v1 {
class Config;
}  // namespace v1

// A sentence for each part that changed, and that it waits for a restart where it does.
std::vector<std::string> DescribeChanges(const v1::Config& was, const v1::Config& now);

}  // namespace cistern
