// A MariaDB server of Debian's package, unpacked by tests/integration/fetch_peers.sh, with an empty data
// folder.
#pragma once

#include <mysql.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/service/temp_store.h"

namespace cistern {

class MariadbServer {
 public:
  // Where the package is unpacked: CISTERN_PEERS, else `build/peers` of the source tree. Empty: nowhere.
  static std::string Package();

  MariadbServer() = default;
  ~MariadbServer();
  // Makes the database `logs` at the first start. Whoever connects may do all.
  void Start();
  void Kill();
  std::string socket() const { return folder_.path() + "/s"; }

  using Row = std::vector<std::string>;  // `NULL` for NULL
  std::vector<Row> Query(const std::string& statement);
  // A connection of the test's own.
  std::shared_ptr<MYSQL> Connect(const char* database);

 private:
  TempFolder folder_;
  int pid_ = 0;
};

}  // namespace cistern
