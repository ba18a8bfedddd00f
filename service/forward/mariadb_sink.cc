// Records as rows of a table, each exactly once: store and id are the key of a row, and a batch is one INSERT
// that passes over rows that are there, so that a batch whose answer was lost may be sent again.
#include <algorithm>

#include "cistern/v1/target.pb.h"
#include "service/forward/make_sink.h"
#include "service/forward/mariadb_connection.h"
#include "service/forward/mariadb_rows.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

constexpr std::size_t kBatchBytes = 1u << 20;  // of the statement, about
constexpr std::size_t kPacketOverhead = 1024;

Result<std::string, Failure> Password(const v1::MariadbTarget& target) {
  if (target.password().empty()) return {boost::system::in_place_value, std::string()};
  auto secret = ReadSecret(target.password());
  if (!secret) return Failure{FailureReason::kConfiguration, "mariadb.password: " + secret.error()};
  return {boost::system::in_place_value, std::move(*secret)};
}

class MariadbSink final : public Sink {
 public:
  MariadbSink(const v1::MariadbTarget& target, SinkContext context)
      : target_(target), context_(std::move(context)), batch_limit_(target.batch_records()) {}

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override {
    Delivery delivery;
    while (delivery.taken == 0 && !delivery.failure && !chunk.rows.empty() && chunk.here())
      DeliverBatch(chunk, stop, delivery);
    if (delivery.failure) connection_.reset();
    return delivery;
  }

  void Close(std::chrono::steady_clock::time_point) override { connection_.reset(); }
  std::string endpoint() const override { return connection_ ? MariadbPlace(target_) : std::string(); }

 private:
  std::optional<Failure> Connect(const Stop& stop);
  void DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery);
  std::size_t Fill(const Chunk& chunk, std::string& statement);
  void Settle(const Chunk& chunk, std::size_t rows, const MariadbConnection::Error& error,
              Delivery& delivery);

  const v1::MariadbTarget& target_;
  const SinkContext context_;
  std::unique_ptr<MariadbConnection> connection_;
  std::uint64_t max_packet_ = 0;
  std::size_t batch_limit_;  // rows; smaller while one that is refused is looked for
  std::string statement_, scratch_;
};

std::optional<Failure> MariadbSink::Connect(const Stop& stop) {
  const auto password = Password(target_);
  if (!password) return password.error();
  auto connection = MariadbConnection::Open(target_, *password, stop);
  if (!connection) return connection.error();
  context_.observe({"connect to " + MariadbPlace(target_), "server " + (*connection)->server()});
  // Whoever may not make tables can have one made.
  const auto created = (*connection)->Run(CreateTable(target_.table()), stop);
  if (created && created->kind != MariadbConnection::Error::Kind::kDenied) return created->failure;
  context_.observe({"table", target_.database() + "." + target_.table()});
  const auto packet = (*connection)->Integer("SELECT @@max_allowed_packet", stop);
  if (!packet) return packet.error().failure;
  max_packet_ = *packet;
  connection_ = std::move(*connection);
  return std::nullopt;
}

// Returns how many rows the statement has.
std::size_t MariadbSink::Fill(const Chunk& chunk, std::string& statement) {
  statement = InsertBegin(target_.table());
  std::size_t count = 0;
  for (const std::uint32_t row : chunk.rows.first(std::min(chunk.rows.size(), batch_limit_))) {
    const std::size_t before = statement.size();
    if (count > 0) statement += ',';
    AppendRow(chunk.view.Row(row), context_.store_id, *connection_, scratch_, statement);
    if (count > 0 && statement.size() + kPacketOverhead > std::min<std::uint64_t>(kBatchBytes, max_packet_)) {
      statement.resize(before);
      break;
    }
    ++count;
  }
  statement += kInsertEnd;
  return count;
}

void MariadbSink::Settle(const Chunk& chunk, std::size_t rows, const MariadbConnection::Error& error,
                         Delivery& delivery) {
  if (error.kind != MariadbConnection::Error::Kind::kRow) {
    delivery.failure = error.failure;
  } else if (rows > 1) {
    batch_limit_ = rows / 2;
  } else {
    delivery.refused.push_back({chunk.ids.front(), error.failure.text});
    delivery.taken = 1;
  }
}

// Neither progress nor failure: a batch was refused, and its first half is next.
void MariadbSink::DeliverBatch(const Chunk& chunk, const Stop& stop, Delivery& delivery) {
  if (!connection_) {
    const WithoutBatch wait(chunk);
    delivery.failure = Connect(stop);
  }
  if (delivery.failure || !chunk.here()) return;
  const std::size_t rows = Fill(chunk, statement_);
  if (statement_.size() + kPacketOverhead > max_packet_) {  // one row; the server would end the connection
    const std::string why = "larger than max_allowed_packet of the server, " + std::to_string(max_packet_);
    return Settle(chunk, rows, {MariadbConnection::Error::Kind::kRow, {FailureReason::kRejected, why}},
                  delivery);
  }
  const WithoutBatch wait(chunk);
  if (const auto error = connection_->Run(statement_, stop)) return Settle(chunk, rows, *error, delivery);
  context_.observe({"insert", std::to_string(rows) + (rows == 1 ? " row" : " rows")});
  delivery.taken = rows;
  delivery.bytes = statement_.size();
  batch_limit_ = std::min<std::size_t>(target_.batch_records(), batch_limit_ * 2);
}

}  // namespace

MadeSink MakeMariadbSink(const v1::Target& target, SinkContext context) {
  if (const auto password = Password(target.mariadb()); !password) return password.error();
  return std::unique_ptr<Sink>(std::make_unique<MariadbSink>(target.mariadb(), std::move(context)));
}

}  // namespace cistern
