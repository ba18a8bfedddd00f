// The grammar of RFC 5424 section 6, from VERSION on.
#pragma once

#include <string_view>

#include "ingest/message/record.h"
#include "ingest/parse/parser.h"

namespace cistern {

// Parses `text`, which follows PRI and starts with `1 `, into the header fields, structured_data, message,
// time, shape and flags of `record`. Accepted beyond the grammar, with kFlagLenient: over-long fields and
// names, more than six fraction digits, no zone, unquoted SD values, a space after `=` or before `]`, and
// IBM's short header `1 TIMESTAMP HOST ` before CEF, LEEF or a Cisco mnemonic. False when the grammar is
// broken: the record is then half filled, and kFlagBadTimestamp tells whether that was the reason.
bool ParseRfc5424(std::string_view text, const ParseContext& context, Record& record);

// Octets of the structured data (`-` or elements) at the start of `text`; 0 when it is not valid. Sets
// `lenient` when it was accepted beyond the grammar.
std::size_t ScanStructuredData(std::string_view text, bool& lenient);

}  // namespace cistern
