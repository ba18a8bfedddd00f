#include "service/forward/mariadb_rows.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <ctime>

#include "ingest/message/shape.h"
#include "ingest/message/tags.h"
#include "proto/convert/utf8.h"

namespace cistern {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::size_t kLongestName = 255;  // characters of VARCHAR columns

constexpr char kColumns[] =
    "store, id, received, time, received_ns, time_ns, peer, port, transport, listener, tls_identity, format, "
    "facility, severity, flags, host, app, procid, msgid, structured_data, message, raw, tags";

// `'2026-01-02 03:04:05.678901'`, UTC; what is finer than a column of time is in the column of nanoseconds.
void AppendTime(std::int64_t ns, std::string& to) {
  const std::int64_t fraction = (ns % kBillion + kBillion) % kBillion;
  const auto seconds = static_cast<std::time_t>((ns - fraction) / kBillion);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  fmt::format_to(std::back_inserter(to), "'{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}'", utc.tm_year + 1900,
                 utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, fraction / 1000);
}

// The first characters of a value, which is whole in `raw`.
std::string_view Cut(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && characters-- == 0) break;
  }
  return text.substr(0, at);
}

class RowWriter {
 public:
  RowWriter(const MariadbConnection& connection, std::string& to) : connection_(connection), to_(to) {
    to_ += '(';
  }

  template <class Number>
  void Integer(Number value) {
    fmt::format_to(std::back_inserter(to_), "{},", value);
  }
  void Null() { to_ += "NULL,"; }
  void Times(const Record& record) {
    AppendTime(record.received, to_);
    to_ += ',';
    const bool timed = record.time != kNoTime;
    if (timed) {
      AppendTime(record.time, to_);
      to_ += ',';
    } else {
      Null();
    }
    Integer(record.received);
    timed ? Integer(record.time) : Null();
  }
  void Name(std::string_view text, std::size_t characters = kLongestName) {
    Quoted(Cut(ToUtf8(text), characters));
  }
  void Text(std::string_view text) { Quoted(ToUtf8(text)); }
  void Octets(std::string_view octets) {
    to_ += "_binary";
    Quoted(octets);
  }
  void Quoted(std::string_view text) {
    connection_.AppendQuoted(text, to_);
    to_ += ',';
  }
  void End() { to_.back() = ')'; }

 private:
  const MariadbConnection& connection_;
  std::string& to_;
};

// As in JSON lines: an object, with an array where a name stands several times.
std::string TagsJson(std::string_view tags) {
  boost::json::object object;
  TagsReader reader(tags);
  while (const auto tag = reader.Next()) {
    const std::string name = ToUtf8(tag->name), value = ToUtf8(tag->value);
    boost::json::value* found = object.if_contains(name);
    if (found == nullptr) {
      object[name] = value;
    } else if (found->is_array()) {
      found->get_array().push_back(boost::json::value(value));
    } else {
      *found = boost::json::array{*found, boost::json::value(value)};
    }
  }
  return boost::json::serialize(object);
}

void AppendOrigin(const Record& record, RowWriter& row) {
  row.Name(record.peer.ToString());
  row.Integer(record.port);
  row.Name(TransportName(record.transport));
  row.Name(record.listener);
  row.Name(record.tls_identity, 1024);
}

void AppendFields(const Record& record, RowWriter& row) {
  row.Name(FormatName(record.format));
  row.Integer(record.facility);
  row.Integer(record.severity);
  row.Integer(record.flags);
  row.Name(record.hostname);
  row.Name(record.app_name);
  row.Name(record.procid);
  row.Name(record.msgid);
  row.Text(record.structured_data);
}

}  // namespace

std::string CreateTable(const std::string& table) {
  return fmt::format(
      "CREATE TABLE IF NOT EXISTS `{}` ("
      "store CHAR(32) CHARACTER SET ascii NOT NULL, id BIGINT UNSIGNED NOT NULL, "
      "received DATETIME(6) NOT NULL, time DATETIME(6) NULL, received_ns BIGINT NOT NULL, time_ns BIGINT "
      "NULL, "
      "peer VARCHAR(45) NOT NULL, port SMALLINT UNSIGNED NOT NULL, transport VARCHAR(16) NOT NULL, "
      "listener VARCHAR(255) NOT NULL, tls_identity VARCHAR(1024) NOT NULL, format VARCHAR(16) NOT NULL, "
      "facility TINYINT UNSIGNED NOT NULL, severity TINYINT UNSIGNED NOT NULL, flags INT UNSIGNED NOT NULL, "
      "host VARCHAR(255) NOT NULL, app VARCHAR(255) NOT NULL, procid VARCHAR(255) NOT NULL, "
      "msgid VARCHAR(255) NOT NULL, structured_data LONGTEXT NOT NULL, message LONGBLOB NOT NULL, "
      "raw LONGBLOB NULL COMMENT 'octets as received; NULL: message', tags LONGTEXT NULL COMMENT 'JSON', "
      "PRIMARY KEY (store, id), KEY received (received)"
      ") ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4",
      table);
}

std::string InsertBegin(const std::string& table) {
  return fmt::format("INSERT INTO `{}` ({}) VALUES ", table, kColumns);
}

void AppendRow(const Record& record, const std::string& store_id, const MariadbConnection& connection,
               std::string& scratch, std::string& to) {
  RowWriter row(connection, to);
  row.Quoted(store_id);
  row.Integer(ToInt(record.id));
  row.Times(record);
  AppendOrigin(record, row);
  AppendFields(record, row);
  row.Octets(record.message);
  RebuildRaw(record, scratch);
  scratch == record.message ? row.Null() : row.Octets(scratch);
  record.tags.empty() ? row.Null() : row.Quoted(TagsJson(record.tags));
  row.End();
}

}  // namespace cistern
