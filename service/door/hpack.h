// As much of HPACK (RFC 7541) as can be told without its tables.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

// Whether the block is fields from its first octet to its last, each whole (section 6). Then what is put
// behind it is a field of its own, and not the end of a text whose length somebody made up. Integers of more
// than 28 bits are refused.
bool IsWholeFieldBlock(std::string_view block);

// A field that no index remembers (section 6.2.3). `name` in lower case; both of at most 126 octets.
std::string HpackField(std::string_view name, std::string_view value);

}  // namespace cistern
