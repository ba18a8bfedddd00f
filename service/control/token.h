// Resume tokens: a store's identity and positions in it, as opaque text for clients.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

struct Token {
  std::string store_id;
  std::uint64_t after_id = 0;     // continue behind this record
  std::uint64_t snapshot_id = 0;  // queries: highest id of the answer; 0 in tails
};

std::string FormatToken(const Token& token);
// kForeignToken: well formed, but of another store. kNotFound: not a token.
Result<Token> ParseToken(std::string_view text, const std::string& store_id);

}  // namespace cistern
