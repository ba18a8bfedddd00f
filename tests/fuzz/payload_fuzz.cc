// Extracts every kind of payload from one message. Input: a format octet, then the message.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ingest/parse/payload/payload.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequireSound(const cistern::Payload& payload, std::size_t input) {
  Require(payload.kind != cistern::PayloadKind::kNone || payload.fields.empty());
  std::size_t octets = 0;
  for (const auto& field : payload.fields) {
    octets += field.name.size() + field.value.size();
    Require(payload.Find(field.name) != nullptr);
  }
  const bool json = payload.kind == cistern::PayloadKind::kJson;
  Require(octets <= (json ? std::size_t{1} << 20 : input + 200));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::vector<char> message(data + 1, data + size);
  cistern::Record record;
  record.format = static_cast<cistern::Format>(data[0] % 3);
  record.message = {message.data(), message.size()};
  record.raw = record.message;
  for (const auto extract : {cistern::ExtractCef, cistern::ExtractLeef, cistern::ExtractCisco,
                             cistern::ExtractJson, cistern::ExtractPayload}) {
    RequireSound(extract(record), message.size());
  }
  return 0;
}
