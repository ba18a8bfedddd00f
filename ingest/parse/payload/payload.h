// Fields inside the message text: CEF, LEEF, Cisco and JSON (CEE). Extracted when a filter, rule or reader
// asks for them, never on the ingest path.
//
// Threads: stateless. Errors: none; a message that is not of the kind yields nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/message/record.h"

namespace cistern {

enum class PayloadKind : std::uint8_t { kNone, kCef, kLeef, kCisco, kJson };
// "none" "cef" "leef" "cisco" "json".
std::string_view PayloadKindName(PayloadKind kind);

struct PayloadField {
  // CEF header: version device_vendor device_product device_version device_event_class_id name severity;
  // extensions under their own key. LEEF: version vendor product product_version event_id; attributes under
  // their own key. Cisco: facility severity mnemonic text, and where there is one seq and hostname. JSON:
  // dotted path of the leaf (`a.b.0`); an object or array without members is no leaf.
  std::string name;
  std::string value;       // unescaped text; JSON numbers and booleans as written, null as ""
  bool extension = false;  // CEF extension or LEEF attribute (not a header field)
};

struct Payload {
  PayloadKind kind = PayloadKind::kNone;
  std::vector<PayloadField> fields;  // in order of appearance; names may repeat
  // The first field of that name; null when there is none. Valid as long as `fields` stays unchanged.
  const std::string* Find(std::string_view name) const;
};

// Looks for the one kind. The record's message is examined; for Cisco all octets of the record (rebuilt where
// they are not kept), since IOS headers look like tags.
Payload ExtractCef(const Record& record);
Payload ExtractLeef(const Record& record);
Payload ExtractCisco(const Record& record);
Payload ExtractJson(const Record& record);
// The first of CEF, LEEF, Cisco, JSON that claims the record.
Payload ExtractPayload(const Record& record);

}  // namespace cistern
