// Where a table of records is, as `import` is told: mariadb://USER@HOST:PORT/DATABASE/TABLE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ctl/transfer/byte_source.h"

namespace cistern::ctl {

struct MariadbSource {
  std::string user, host, database, table;
  std::uint16_t port = 3306;
  std::string socket;  // of `?socket=PATH`; then host and port say nothing
  std::string ca;      // of `?ca=FILE`: TLS, and whose certificates are trusted
};

bool IsMariadbUrl(std::string_view text);
// The error says what is wrong with it.
Result<MariadbSource, FileError> ParseMariadbUrl(const std::string& url);

}  // namespace cistern::ctl
