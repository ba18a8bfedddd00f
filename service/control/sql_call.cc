// LogService.Sql: the rows of one SELECT over `logs`.
#include <grpcpp/server_context.h>
#include <sqlite3.h>

#include "proto/convert/utf8.h"
#include "service/control/calls.h"
#include "service/control/deadline.h"
#include "service/control/status_map.h"
#include "storage/sql/session.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t kDefaultRows = 10'000;
constexpr std::chrono::minutes kLongest{2};

grpc::Status ToGrpc(const SqlError& error, steady_clock::time_point deadline) {
  switch (error.kind) {
    case SqlError::Kind::kStatement:
      return InvalidArgument("statement: " + error.message);
    case SqlError::Kind::kMemory:
      return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.message};
    case SqlError::Kind::kStopped:
      break;
  }
  if (steady_clock::now() < deadline) return grpc::Status::CANCELLED;
  return {grpc::StatusCode::DEADLINE_EXCEEDED,
          "the statement took too long; narrow it, for example by received"};
}

// Returns about how many octets the value takes.
std::size_t SetValue(sqlite3_stmt* row, int column, v1::SqlValue* out) {
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      out->set_integer(sqlite3_column_int64(row, column));
      break;
    case SQLITE_FLOAT:
      out->set_real(sqlite3_column_double(row, column));
      break;
    case SQLITE_TEXT:
      out->set_text(ToUtf8({reinterpret_cast<const char*>(sqlite3_column_text(row, column)), size}));
      break;
    case SQLITE_BLOB:
      out->set_blob(sqlite3_column_blob(row, column), size);
      break;
    default:
      break;
  }
  return size + 8;
}

class SqlCall final : public StreamCall<v1::SqlResponse> {
 public:
  SqlCall(LogContext& context, grpc::CallbackServerContext* rpc, const v1::SqlRequest& request)
      : StreamCall(context.sql_pool, rpc, kStuckQuery),
        context_(context),
        statement_(request.statement()),
        left_(request.limit() == 0 ? kDefaultRows : request.limit()),
        deadline_(std::min(SteadyDeadline(*rpc), steady_clock::now() + kLongest)) {}

 private:
  Step Run(grpc::Status& status) override {
    if (ended_) return Step::kDone;
    if (draining()) {
      status = {grpc::StatusCode::UNAVAILABLE, "the server is stopping; retry"};
      return Step::kDone;
    }
    response().Clear();
    if (!session_) {
      auto opened = SqlSession::Open({.owned = nullptr,
                                      .store = &context_.store,
                                      .control = {&cancelled(), deadline_},
                                      .snapshot_id = 0},
                                     statement_);
      if (!opened) {
        status = ToGrpc(opened.error(), deadline_);
        return Step::kDone;
      }
      session_ = std::move(*opened);
      for (const std::string& name : session_->Columns()) *response().add_columns() = ToUtf8(name);
    }
    status = Fill();
    return status.ok() ? Step::kWrite : Step::kDone;
  }

  grpc::Status Fill() {
    for (std::size_t bytes = 0; bytes < budget_;) {
      const auto step = session_->Next();
      if (!step) return ToGrpc(step.error(), deadline_);
      ended_ = *step == SqlSession::Step::kEnd;
      if (ended_) break;
      if (left_ == 0) {
        ended_ = true;
        response().set_more(true);
        break;
      }
      --left_;
      v1::SqlRow* row = response().add_rows();
      const int columns = sqlite3_column_count(session_->row());
      for (int i = 0; i < columns; ++i) bytes += SetValue(session_->row(), i, row->add_values());
    }
    budget_ = kMaxResponseBytes;
    return grpc::Status::OK;
  }

  void Closed() override { context_.sqls.Remove(this); }

  LogContext& context_;
  const std::string statement_;
  std::uint64_t left_;
  const steady_clock::time_point deadline_;
  std::unique_ptr<SqlSession> session_;
  std::size_t budget_ = kFirstResponseBytes;
  bool ended_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::SqlResponse>* StartSql(LogContext& context, grpc::CallbackServerContext* rpc,
                                                    const v1::SqlRequest& request) {
  using Refused = Finished<grpc::ServerWriteReactor<v1::SqlResponse>>;
  if (request.statement().empty() || request.statement().size() > kMaxSqlLength) {
    return new Refused(InvalidArgument("statement: 1 to 65536 octets"));
  }
  auto call = std::make_shared<SqlCall>(context, rpc, request);
  if (!context.sqls.Add(call)) {
    return new Refused({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many statements run at once; retry"});
  }
  call->Begin();
  return call.get();
}

}  // namespace cistern
