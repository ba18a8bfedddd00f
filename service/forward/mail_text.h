// Headers of mails (RFC 5322, RFC 2047).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cistern {

// `ops@example.net` of `Operators <ops@example.net>` or of itself.
std::string PlainAddress(std::string_view address);
// The same with the name in a form that fits into a header.
std::string HeaderAddress(std::string_view address);
// Several, one a line.
std::string HeaderAddresses(const std::vector<std::string>& addresses);
// Text as the value of a header: control characters become spaces, what is not ASCII encoded words; long text
// is cut.
std::string HeaderText(std::string_view text);
// `Fri, 21 Nov 2025 10:00:00 +0000` of ns since the Unix epoch.
std::string HeaderDate(std::int64_t time);

}  // namespace cistern
