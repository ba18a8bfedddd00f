// A payload on one line: its kind, then name=value joined by '|'; extensions are marked with '+'.
#pragma once

#include <string>

#include "ingest/parse/payload/payload.h"

namespace cistern {

inline std::string Print(const Payload& payload) {
  std::string out(PayloadKindName(payload.kind));
  for (const PayloadField& field : payload.fields) {
    out += (field.extension ? "|+" : "|") + field.name + "=" + field.value;
  }
  return out;
}

}  // namespace cistern
