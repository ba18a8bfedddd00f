// Tables as the daemon's target `mariadb` writes them (service/forward/mariadb_rows.cc), in order of ids, one
// reader for each store in a table.
#include <fmt/format.h>
#include <mysql.h>
#include <xxhash.h>

#include <cstdlib>

#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/mariadb_source.h"
#include "ctl/transfer/record_json.h"
#include "ctl/transfer/record_reader.h"
#include "ingest/message/record.h"
#include "ingest/message/structured_data.h"

namespace cistern::ctl {
namespace {

constexpr unsigned kConnectSeconds = 10, kReadSeconds = 300;
constexpr std::uint64_t kPage = 10'000;  // rows of one statement
enum Columns {
  kId,
  kReceived,
  kTime,
  kPeer,
  kPort,
  kTransport,
  kListener,
  kIdentity,
  kFormat,
  kFacility,
  kSeverity,
  kFlags,
  kHost,
  kApp,
  kProcid,
  kMsgid,
  kStructuredData,
  kMessage,
  kRaw,
  kTags
};
constexpr char kColumns[] =
    "SELECT id, received_ns, time_ns, peer, port, transport, listener, tls_identity, format, facility, "
    "severity, "
    "flags, host, app, procid, msgid, structured_data, message, raw, tags ";

using Rows = std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)>;

class Connection {
 public:
  Connection(const MariadbSource& source, std::string name)
      : source_(source), name_(std::move(name)), mysql_(mysql_init(nullptr), &mysql_close) {}

  Result<void, FileError> Open(const std::string& password) {
    const unsigned protocol = source_.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_options(handle(), MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(handle(), MYSQL_OPT_CONNECT_TIMEOUT, &kConnectSeconds);
    mysql_options(handle(), MYSQL_OPT_READ_TIMEOUT, &kReadSeconds);
    mysql_options(handle(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!source_.ca.empty()) {
      const my_bool yes = 1;
      mysql_ssl_set(handle(), nullptr, nullptr, source_.ca.c_str(), nullptr, nullptr);
      mysql_options(handle(), MYSQL_OPT_SSL_ENFORCE, &yes);
      mysql_options(handle(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
    const char* socket = source_.socket.empty() ? nullptr : source_.socket.c_str();
    if (mysql_real_connect(handle(), source_.host.c_str(), source_.user.c_str(), password.c_str(),
                           source_.database.c_str(), source_.port, socket, 0) == nullptr)
      return Error();
    return {};
  }

  // Rows as they are fetched: one at a time in memory.
  Result<Rows, FileError> Select(const std::string& statement) {
    if (mysql_real_query(handle(), statement.data(), statement.size()) != 0) return Error();
    Rows rows(mysql_use_result(handle()), &mysql_free_result);
    if (!rows) return Error();
    return {boost::system::in_place_value, std::move(rows)};
  }
  bool failed() const { return mysql_errno(mysql_.get()) != 0; }
  FileError Error() const { return {name_ + ": " + mysql_error(mysql_.get())}; }
  const MariadbSource& source() const { return source_; }

 private:
  MYSQL* handle() { return mysql_.get(); }

  const MariadbSource source_;
  const std::string name_;
  const std::unique_ptr<MYSQL, decltype(&mysql_close)> mysql_;
};

// The row at hand.
struct Row {
  MYSQL_ROW values;
  const unsigned long* sizes;
  bool has(int column) const { return values[column] != nullptr; }
  std::string_view text(int column) const {
    return has(column) ? std::string_view(values[column], sizes[column]) : std::string_view();
  }
  std::int64_t integer(int column) const {
    return has(column) ? std::strtoll(values[column], nullptr, 10) : 0;
  }
  std::uint64_t id() const { return std::strtoull(values[kId], nullptr, 10); }
};

void FillStructuredData(std::string_view text, v1::Record& out) {
  StructuredDataReader reader(text);
  v1::StructuredDataElement* element = nullptr;
  while (const auto item = reader.Next()) {
    if (item->first_of_element || element == nullptr) {
      element = out.add_structured_data();
      element->mutable_id()->assign(item->id);
    }
    if (!item->has_param) continue;
    auto* param = element->add_params();
    param->mutable_name()->assign(item->name);
    UnescapeSdValue(item->value, *param->mutable_value());
  }
}

void FillFields(const Row& row, v1::Record& out) {
  out.set_facility(static_cast<v1::Facility>(row.integer(kFacility) + 1));
  out.set_severity(static_cast<v1::Severity>(row.integer(kSeverity) + 1));
  out.mutable_hostname()->assign(row.text(kHost));
  out.mutable_app_name()->assign(row.text(kApp));
  out.mutable_procid()->assign(row.text(kProcid));
  out.mutable_msgid()->assign(row.text(kMsgid));
  out.mutable_message()->assign(row.text(kMessage));
  FillStructuredData(row.text(kStructuredData), out);
}

void FillOrigin(const Row& row, v1::Record& out) {
  SetNs(row.integer(kReceived), *out.mutable_received_time());
  if (row.has(kTime)) SetNs(row.integer(kTime), *out.mutable_message_time());
  out.mutable_peer_address()->assign(row.text(kPeer));
  out.set_peer_port(static_cast<std::uint32_t>(row.integer(kPort)));
  if (const auto transport = ParseTransport(row.text(kTransport)))
    out.set_transport(static_cast<v1::Transport>(*transport));
  out.mutable_listener()->assign(row.text(kListener));
  out.mutable_tls_identity()->assign(row.text(kIdentity));
  const auto flags = static_cast<std::uint32_t>(row.integer(kFlags));
  for (int bit = 0; bit < 31; ++bit) {
    if ((flags >> bit & 1u) != 0) out.add_flags(static_cast<v1::Flag>(bit + 1));
  }
}

// Empty on success. Without `raw` the message is all that was received, or somebody has taken `raw` out.
std::string Fill(const Row& row, v1::Record& out) {
  out.Clear();
  if (row.has(kTags)) {
    std::string wrong =
        ReadRecordJson("{\"format\":\"raw\",\"tags\":" + std::string(row.text(kTags)) + "}", out);
    if (!wrong.empty()) return wrong;
  }
  const auto format = ParseFormat(row.text(kFormat)).value_or(Format::kRaw);
  out.set_format(static_cast<v1::Format>(static_cast<int>(format) + 1));
  FillOrigin(row, out);
  if (row.has(kRaw) || format == Format::kRaw) {
    out.mutable_raw()->assign(row.text(row.has(kRaw) ? kRaw : kMessage));
  } else {
    FillFields(row, out);
  }
  return {};
}

class MariadbRecords final : public RecordReader {
 public:
  MariadbRecords(std::shared_ptr<Connection> connection, std::string name, std::string store,
                 std::uint64_t first, std::uint64_t total)
      : connection_(std::move(connection)),
        store_(std::move(store)),
        name_(name + ": store " + store_),
        total_(total) {
    // A table may grow and is the same; one that begins with another record is another.
    const MariadbSource& from = connection_->source();
    const std::string text = fmt::format("{}:{}\n{}\n{}\n{}\n{}\n{}", from.host, from.port, from.socket,
                                         from.database, from.table, store_, first);
    content_id_ = fmt::format("import-mariadb-{:016x}", XXH3_64bits(text.data(), text.size()));
  }

  Result<void, FileError> SkipTo(std::uint64_t position) override {
    rows_.reset();
    position_ = position;
    auto rows = connection_->Select(fmt::format("SELECT COUNT(*) FROM {} AND id <= {}", From(), position));
    if (!rows) return rows.error();
    const MYSQL_ROW row = mysql_fetch_row(rows->get());
    done_ = row != nullptr && row[0] != nullptr ? std::strtoull(row[0], nullptr, 10) : 0;
    while (mysql_fetch_row(rows->get()) != nullptr) {
    }
    return {};
  }

  Result<Got, FileError> Next(v1::Record& out) override {
    while (true) {
      if (!rows_) {
        if (auto selected = SelectPage(); !selected) return selected.error();
      }
      if (const MYSQL_ROW values = mysql_fetch_row(rows_.get())) {
        const Row row{values, mysql_fetch_lengths(rows_.get())};
        position_ = row.id();
        ++of_page_;
        ++done_;
        problem_ = Fill(row, out);
        if (!problem_.empty()) problem_ = fmt::format("id {}: tags: {}", position_, problem_);
        return problem_.empty() ? Got::kRecord : Got::kUnreadable;
      }
      if (connection_->failed()) return connection_->Error();
      rows_.reset();
      if (of_page_ < kPage) return Got::kEnd;
    }
  }

  std::uint64_t position() const override { return position_; }
  const std::string& content_id() const override { return content_id_; }
  const std::string& name() const override { return name_; }
  std::uint64_t done() const override { return done_; }
  std::uint64_t total() const override { return total_; }

 private:
  std::string From() const {
    return fmt::format("`{}` WHERE store = '{}'", connection_->source().table, store_);
  }

  Result<void, FileError> SelectPage() {
    auto rows = connection_->Select(
        fmt::format("{}FROM {} AND id > {} ORDER BY id LIMIT {}", kColumns, From(), position_, kPage));
    if (!rows) return rows.error();
    rows_ = std::move(*rows);
    of_page_ = 0;
    return {};
  }

  const std::shared_ptr<Connection> connection_;
  const std::string store_, name_;
  const std::uint64_t total_;
  std::string content_id_;
  Rows rows_{nullptr, &mysql_free_result};
  std::uint64_t position_ = 0, of_page_ = 0, done_ = 0;
};

bool IsStore(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<std::vector<std::unique_ptr<RecordReader>>, FileError> OpenMariadbReaders(const std::string& url,
                                                                                 const ReadOptions& options) {
  const auto source = ParseMariadbUrl(url);
  if (!source) return source.error();
  const auto connection = std::make_shared<Connection>(*source, url);
  if (auto opened = connection->Open(options.password); !opened) return opened.error();
  auto stores = connection->Select(
      fmt::format("SELECT store, MIN(id), COUNT(*) FROM `{}` GROUP BY store ORDER BY store", source->table));
  if (!stores) return stores.error();
  std::vector<std::unique_ptr<RecordReader>> readers;
  while (const MYSQL_ROW row = mysql_fetch_row(stores->get())) {
    const Row values{row, mysql_fetch_lengths(stores->get())};
    if (!IsStore(values.text(0))) return FileError{url + ": column store: no id of a store"};
    readers.push_back(std::make_unique<MariadbRecords>(connection, url, std::string(values.text(0)),
                                                       std::strtoull(row[1], nullptr, 10),
                                                       std::strtoull(row[2], nullptr, 10)));
  }
  if (connection->failed()) return connection->Error();
  return readers;
}

}  // namespace cistern::ctl
