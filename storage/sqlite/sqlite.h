// SQLite with values for errors. A connection and its statements belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "storage/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cistern {

class Statement {
 public:
  Statement() = default;

  // Parameters count from 1, columns from 0. Text and blobs must live until Reset().
  Statement& Bind(int index, std::int64_t value);
  Statement& Bind(int index, std::string_view text);
  Statement& BindBlob(int index, std::string_view blob);
  Statement& BindNull(int index);
  // The value that another statement has in a column; it is copied.
  Statement& BindColumn(int index, const Statement& from, int column);
  // True when there is a row to look at. After false or an error the statement has been reset.
  Result<bool> Step();
  // Runs a statement that gives no rows.
  Result<void> Run();
  // Ends the read transaction, if this was the last open statement; forgets the bound values.
  void Reset();

  int columns() const;
  std::int64_t Int(int column) const;
  bool IsNull(int column) const;
  std::string_view Text(int column) const;  // valid until the next Step() or Reset()
  std::string_view Blob(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  enum class Mode {
    kReadWrite,  // made when missing, with mode 0600
    kReadOnly,
    kImmutable,  // nobody writes it and there is no -wal: no locks, no side files
  };
  static Result<Database> Open(const std::string& path, Mode mode);
  Database() = default;

  Result<void> Run(const char* sql);
  Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row; kCorrupt when there is none.
  Result<std::int64_t> Int(std::string_view sql);
  // Copies octets [offset, offset + out.size()) of a blob by its rowid. kCorrupt: there are none such.
  Result<void> ReadBlob(const char* table, const char* column, std::uint64_t rowid, std::uint64_t offset,
                        std::span<char> out);
  // Makes row_checksum(seed, value, ...) known to SQL: RowChecksum over integers, texts and NULLs.
  void AddRowChecksum();
  // Waits this long for a lock before kBusy.
  void SetBusyTimeout(int milliseconds);
  // PASSIVE copies what it can; TRUNCATE copies everything and empties the -wal: kBusy when readers prevent
  // it.
  Result<void> Checkpoint(bool truncate);
  // Whether quick_check finds the pages as they should be, all or those of one table. A read that fails is
  // damage to SQLite as well, so what is not whole is looked at twice.
  Result<bool> IsWhole(const std::string& table = "");
  // Octets of the -wal after the latest commit of this connection.
  std::uint64_t wal_bytes() const { return *wal_pages_ * page_bytes_; }
  void TrackWal(std::uint64_t page_bytes);
  bool in_transaction() const;
  // The file's header says that this release of SQLite must not write it, and it is no matter of permissions.
  // After the first read.
  bool header_forbids_writing() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<std::uint64_t> wal_pages_;  // written by SQLite's hook, so its address must not change
  std::uint64_t page_bytes_ = 0;
  std::unique_ptr<sqlite3, Close> database_;
};

// BEGIN IMMEDIATE, and ROLLBACK unless Commit() succeeded.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Result<void> Begin() { return database_.Run("BEGIN IMMEDIATE"); }
  Result<void> Commit() { return database_.Run("COMMIT"); }

 private:
  Database& database_;
};

}  // namespace cistern
