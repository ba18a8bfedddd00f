// Turning one message's octets into a record of a batch.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingest/message/record_batch.h"
#include "ingest/parse/zone.h"

namespace cistern {

// What all records of one peer share. The texts are interned in the batch.
struct Origin {
  IpAddress peer;
  std::uint16_t port = 0;
  Transport transport = Transport::kUnknown;
  std::string_view listener;
  std::string_view tls_identity;
  const Zone* zone = nullptr;
};

// True when only CR, LF and NUL are there: such a message is counted as dropped (empty).
bool IsBlank(std::string_view octets);

// Appends a record with everything but the parsed fields. `octets` live in the batch's arena.
Record& AppendUnparsed(RecordBatch& batch, std::string_view octets, const Origin& origin,
                       std::int64_t received);

}  // namespace cistern
