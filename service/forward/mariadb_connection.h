// A connection to MariaDB or MySQL whose waits end at their deadline and at once on Stop, through the
// non-blocking half of libmariadb.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "service/forward/sink.h"

struct st_mysql;

namespace cistern {

namespace v1 {
class MariadbTarget;
}

// One thread.
class MariadbConnection {
 public:
  // `target` outlives the connection.
  static Result<std::unique_ptr<MariadbConnection>, Failure> Open(const v1::MariadbTarget& target,
                                                                  const std::string& password,
                                                                  const Stop& stop);
  // Ends at once; a statement that runs is given up.
  ~MariadbConnection();

  // How a statement failed. kRow: a value of a row is what the table cannot take, whenever it is tried.
  struct Error {
    enum class Kind { kRow, kDenied, kOther } kind = Kind::kOther;
    Failure failure;
  };
  // A statement without rows.
  std::optional<Error> Run(std::string_view statement, const Stop& stop);
  // The first value of the first row; 0 without one.
  Result<std::uint64_t, Error> Integer(std::string_view statement, const Stop& stop);
  // Appends `octets`, escaped, between quotes.
  void AppendQuoted(std::string_view octets, std::string& to) const;

  std::string server() const;  // release

 private:
  explicit MariadbConnection(const v1::MariadbTarget& target);
  enum class Driven { kDone, kStopped, kTimedOut };
  template <class Start, class Continue>
  Driven Drive(Start start, Continue go_on, std::chrono::steady_clock::time_point deadline, const Stop& stop);
  int Wait(int events, std::chrono::steady_clock::time_point deadline, const Stop& stop);
  Driven Query(std::string_view statement, const Stop& stop, int& result);
  void Configure();
  Error ErrorOf(Driven driven, std::int64_t limit) const;

  const v1::MariadbTarget& target_;
  st_mysql* const mysql_;
};

// `HOST:PORT` or the socket, for people.
std::string MariadbPlace(const v1::MariadbTarget& target);

}  // namespace cistern
