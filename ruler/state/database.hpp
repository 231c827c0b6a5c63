#pragma once
// A SQLite connection and its statements, as values that clean up. sqlite3.h is behind it.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace tocsin::state {

struct DatabaseOptions {
  std::string_view what = "state store";  // for messages; a literal
  /// A committed transaction survives the loss of power. Without it the last ones may be lost then, but nothing of what
  /// was handed to the kernel when the process dies.
  bool sync_each_commit = true;
  /// Upper bound of the file; 0: none. Writes beyond fail as on a full disk.
  std::uint64_t max_bytes = 0;
  /// How long a statement waits for another process' lock.
  int busy_timeout_ms = 2000;
};

/// Thread: one at a time. Errors: kUnavailable (another process holds it), kLimit (disk or store full), kCorrupt, kIo,
/// kInternal; each names the file.
class Database {
 public:
  /// Opens or creates the file: WAL journal, synchronous=FULL, foreign keys on, quick_check passed.
  static Result<Database> open(const std::string& path, const DatabaseOptions& options);
  /// An existing file that need not be whole, to read what can be read.
  static Result<Database> open_damaged(const std::string& path, std::string_view what = DatabaseOptions().what);
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) noexcept = default;

  /// Statements without parameters or rows.
  Result<void> execute(const std::string& sql);
  /// Has all that was committed on disk, where commits themselves do not (synchronous=NORMAL).
  Result<void> sync();
  /// Copies the log into the file if it has that many pages. What fails waits for the next time.
  void checkpoint(int pages);
  const std::string& path() const { return path_; }
  std::string_view what() const { return what_; }
  sqlite3* handle() const { return handle_.get(); }
  std::unexpected<Error> error(int code, std::string_view what) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  Result<void> configure(const DatabaseOptions& options);

  std::string path_;
  std::unique_ptr<int> log_pages_ = std::make_unique<int>(0);  // where SQLite's hook finds it: before the handle
  std::string_view what_ = DatabaseOptions().what;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Parameters and columns count from 0; bound bytes must live until the statement has run.
///   TOCSIN_TRY(auto row, Statement::prepare(db, "SELECT a FROM t WHERE b = ?"));
///   row.bind(b);  while (TOCSIN…(row.step())) use(row.text(0));
class Statement {
 public:
  static Result<Statement> prepare(Database& database, std::string_view sql);

  /// The next parameter, from left to right; begin again with reset().
  Statement& bind(std::int64_t value);
  Statement& bind_text(std::string_view value);
  Statement& bind_blob(std::string_view value);
  Statement& bind_null();
  /// All columns of another statement's row.
  Statement& bind_row(const Statement& row);

  /// True if there is a row to read.
  Result<bool> step();
  /// step() for a statement without rows, then reset().
  Result<void> run();
  void reset();

  int columns() const;
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  /// TEXT or BLOB; the view lives until the next step.
  std::string_view bytes(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}

  Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int bind_error_ = 0;
};

/// Statements that are used again and again: to prepare one takes longer than to run it. Must not outlive the database,
/// nor see it move. Thread: the database's.
class Statements {
 public:
  explicit Statements(Database& database) : database_(&database) {}
  Database& database() const { return *database_; }
  /// Ready to be bound. Who uses it resets it (run() does).
  /// @param sql  a literal: its text is not copied.
  Result<Statement*> get(std::string_view sql);

 private:
  Database* database_;
  std::unordered_map<std::string_view, Statement> prepared_;
};

}  // namespace tocsin::state
