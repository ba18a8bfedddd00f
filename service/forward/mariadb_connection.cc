#include "service/forward/mariadb_connection.h"

#include <mysql.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>

#include "cistern/v1/target.pb.h"
#include "proto/yaml/units.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";

// Numbers as in the manual of the server, "MariaDB Error Codes", and the client's own from 2000 on.
constexpr unsigned kResolveErrors[] = {2005};
constexpr unsigned kConnectErrors[] = {2002, 2003};
constexpr unsigned kTlsErrors[] = {2026};
constexpr unsigned kAuthErrors[] = {1044, 1045, 1142, 1143, 1227, 1698, 1820, 2059};
constexpr unsigned kClosedErrors[] = {1053, 1927, 2006, 2012, 2013, 2055};
// Values that a column, a check or a trigger does not take, and a statement of one row that is too large.
constexpr unsigned kRowErrors[] = {1048, 1153, 1264, 1265, 1292, 1300, 1366, 1406, 1644, 3819, 4025};

template <std::size_t kSize>
bool Has(const unsigned (&codes)[kSize], unsigned code) {
  return std::find(codes, codes + kSize, code) != codes + kSize;
}

FailureReason ReasonOf(unsigned code) {
  if (Has(kResolveErrors, code)) return FailureReason::kResolve;
  if (Has(kConnectErrors, code)) return FailureReason::kConnect;
  if (Has(kTlsErrors, code)) return FailureReason::kTls;
  if (Has(kAuthErrors, code)) return FailureReason::kAuth;
  return Has(kClosedErrors, code) ? FailureReason::kClosed : FailureReason::kRejected;
}

const char* OrNull(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

}  // namespace

std::string MariadbPlace(const v1::MariadbTarget& target) {
  return target.socket().empty() ? target.address() : target.socket();
}

MariadbConnection::MariadbConnection(const v1::MariadbTarget& target)
    : target_(target), mysql_(mysql_init(nullptr)) {}

// libmariadb says goodbye to the server, and waits for that: not on a connection that is shut.
MariadbConnection::~MariadbConnection() {
  if (const my_socket fd = mysql_get_socket(mysql_); fd >= 0) shutdown(fd, SHUT_RDWR);
  mysql_close(mysql_);
}

void MariadbConnection::Configure() {
  mysql_options(mysql_, MYSQL_OPT_NONBLOCK, nullptr);
  mysql_options(mysql_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const unsigned protocol = target_.socket().empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_options(mysql_, MYSQL_OPT_PROTOCOL, &protocol);  // `localhost` would mean a socket
  // Values that do not fit are errors, not cut; a backslash escapes.
  mysql_options(mysql_, MYSQL_INIT_COMMAND, "SET SESSION sql_mode = 'STRICT_ALL_TABLES'");
  if (!target_.has_tls()) return;
  const auto& tls = target_.tls();
  const bool check = tls.verify() != "none";
  const std::string authorities = tls.ca_file().empty() ? kSystemAuthorities : tls.ca_file();
  mysql_ssl_set(mysql_, OrNull(tls.key_file()), OrNull(tls.cert_file()),
                check ? authorities.c_str() : nullptr, nullptr, nullptr);
  const my_bool yes = 1, whole = tls.verify() == "full" ? 1 : 0;
  mysql_options(mysql_, MYSQL_OPT_SSL_ENFORCE, &yes);
  mysql_options(mysql_, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &whole);
  mysql_options(mysql_, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
}

Result<std::unique_ptr<MariadbConnection>, Failure> MariadbConnection::Open(const v1::MariadbTarget& target,
                                                                            const std::string& password,
                                                                            const Stop& stop) {
  auto made = std::unique_ptr<MariadbConnection>(new MariadbConnection(target));
  MYSQL* const mysql = made->mysql_;
  made->Configure();
  const auto where = ParseEndpoint(target.address()).value_or(HostPort{});
  const auto deadline = steady_clock::now() + std::chrono::nanoseconds(target.connect_timeout());
  MYSQL* connected = nullptr;
  const auto start = [&] {
    return mysql_real_connect_start(&connected, mysql, OrNull(where.host), target.user().c_str(),
                                    password.c_str(), target.database().c_str(), where.port,
                                    OrNull(target.socket()), 0);
  };
  const auto go_on = [&](int events) { return mysql_real_connect_cont(&connected, mysql, events); };
  const Driven driven = made->Drive(start, go_on, deadline, stop);
  if (driven == Driven::kDone && connected != nullptr) return made;
  Failure failure = made->ErrorOf(driven, target.connect_timeout()).failure;
  failure.text = "connect to " + failure.text;
  return failure;
}

// The events that came, or MYSQL_WAIT_TIMEOUT.
int MariadbConnection::Wait(int events, steady_clock::time_point deadline, const Stop& stop) {
  short wanted = 0;
  if ((events & MYSQL_WAIT_READ) != 0) wanted |= POLLIN;
  if ((events & MYSQL_WAIT_WRITE) != 0) wanted |= POLLOUT;
  if ((events & MYSQL_WAIT_EXCEPT) != 0) wanted |= POLLPRI;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::clamp<std::chrono::nanoseconds>(
      deadline - steady_clock::now(), std::chrono::nanoseconds(0), std::chrono::hours(1)));
  pollfd ready[] = {{mysql_get_socket(mysql_), wanted, 0}, {stop.fd(), POLLIN, 0}};
  if (poll(ready, 2, static_cast<int>(left.count())) <= 0) return MYSQL_WAIT_TIMEOUT;
  int came = 0;
  if ((ready[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0) came |= MYSQL_WAIT_READ;
  if ((ready[0].revents & (POLLOUT | POLLERR | POLLHUP)) != 0) came |= MYSQL_WAIT_WRITE;
  if ((ready[0].revents & POLLPRI) != 0) came |= MYSQL_WAIT_EXCEPT;
  return came & events;
}

template <class Start, class Continue>
MariadbConnection::Driven MariadbConnection::Drive(Start start, Continue go_on,
                                                   steady_clock::time_point deadline, const Stop& stop) {
  int events = start();
  while (events != 0) {
    const int came = Wait(events, deadline, stop);
    if (stop.requested()) return Driven::kStopped;
    if (came == MYSQL_WAIT_TIMEOUT && steady_clock::now() >= deadline) return Driven::kTimedOut;
    if (came != 0 && came != MYSQL_WAIT_TIMEOUT) events = go_on(came);
  }
  return Driven::kDone;
}

MariadbConnection::Error MariadbConnection::ErrorOf(Driven driven, std::int64_t limit) const {
  if (driven == Driven::kStopped) return {Error::Kind::kOther, {FailureReason::kStopped, "stopped"}};
  const std::string place = MariadbPlace(target_) + ": ";
  if (driven == Driven::kTimedOut) {
    return {
        Error::Kind::kOther,
        {FailureReason::kTimeout, place + "took longer than " + std::to_string(limit / 1'000'000) + " ms"}};
  }
  const unsigned code = mysql_errno(mysql_);
  const auto kind = Has(kRowErrors, code)                    ? Error::Kind::kRow
                    : ReasonOf(code) == FailureReason::kAuth ? Error::Kind::kDenied
                                                             : Error::Kind::kOther;
  return {kind, {ReasonOf(code), place + mysql_error(mysql_) + " (" + std::to_string(code) + ")"}};
}

MariadbConnection::Driven MariadbConnection::Query(std::string_view statement, const Stop& stop,
                                                   int& result) {
  const auto start = [&] {
    return mysql_real_query_start(&result, mysql_, statement.data(), statement.size());
  };
  const auto go_on = [&](int events) { return mysql_real_query_cont(&result, mysql_, events); };
  return Drive(start, go_on, steady_clock::now() + std::chrono::nanoseconds(target_.timeout()), stop);
}

std::optional<MariadbConnection::Error> MariadbConnection::Run(std::string_view statement, const Stop& stop) {
  int result = 0;
  const Driven driven = Query(statement, stop, result);
  if (driven == Driven::kDone && result == 0) return std::nullopt;
  return ErrorOf(driven, target_.timeout());
}

Result<std::uint64_t, MariadbConnection::Error> MariadbConnection::Integer(std::string_view statement,
                                                                           const Stop& stop) {
  if (const auto error = Run(statement, stop)) return *error;
  MYSQL_RES* rows = nullptr;
  const auto start = [&] { return mysql_store_result_start(&rows, mysql_); };
  const auto go_on = [&](int events) { return mysql_store_result_cont(&rows, mysql_, events); };
  const auto deadline = steady_clock::now() + std::chrono::nanoseconds(target_.timeout());
  const Driven driven = Drive(start, go_on, deadline, stop);
  if (driven != Driven::kDone || rows == nullptr) return ErrorOf(driven, target_.timeout());
  const MYSQL_ROW row = mysql_fetch_row(rows);
  const std::uint64_t value = row != nullptr && row[0] != nullptr ? std::strtoull(row[0], nullptr, 10) : 0;
  mysql_free_result(rows);
  return {boost::system::in_place_value, value};
}

void MariadbConnection::AppendQuoted(std::string_view octets, std::string& to) const {
  to += '\'';
  const std::size_t start = to.size();
  to.resize(start + 2 * octets.size() + 1);
  const unsigned long size =
      mysql_real_escape_string(mysql_, to.data() + start, octets.data(), octets.size());
  to.resize(start + size);
  to += '\'';
}

std::string MariadbConnection::server() const { return mysql_get_server_info(mysql_); }

}  // namespace cistern
