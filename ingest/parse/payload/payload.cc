#include "ingest/parse/payload/payload.h"

#include <algorithm>
#include <array>

namespace cistern {

std::string_view PayloadKindName(PayloadKind kind) {
  static constexpr std::array<std::string_view, 5> kNames = {"none", "cef", "leef", "cisco", "json"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : std::string_view();
}

const std::string* Payload::Find(std::string_view name) const {
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [name](const PayloadField& candidate) { return candidate.name == name; });
  return field == fields.end() ? nullptr : &field->value;
}

Payload ExtractPayload(const Record& record) {
  for (const auto extract : {ExtractCef, ExtractLeef, ExtractCisco, ExtractJson}) {
    Payload payload = extract(record);
    if (payload.kind != PayloadKind::kNone) return payload;
  }
  return {};
}

}  // namespace cistern
