// Where a payload with a header of its own begins: its first word is neither host nor tag.
#pragma once

#include <cstddef>
#include <string_view>

#include "ingest/parse/scan.h"

namespace cistern {

// `%FACILITY-SEVERITY-MNEMONIC:` of Cisco devices at the start of `text`; a space before the colon is
// allowed.
bool StartsCiscoMnemonic(std::string_view text);

// `CEF:`, `LEEF:` or a Cisco mnemonic at the start of `text`.
inline bool StartsPayload(std::string_view text) {
  if (text.empty()) return false;
  switch (text[0]) {
    case 'C':
      return text.starts_with("CEF:");
    case 'L':
      return text.starts_with("LEEF:");
    case '%':
      return StartsCiscoMnemonic(text);
    default:
      return false;
  }
}

}  // namespace cistern
