// gzip in one piece, for the bodies of requests.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

// Replaces `out`. Fast rather than small: logs shrink to a tenth anyway.
void Gzip(std::string_view text, std::string& out);

}  // namespace cistern
