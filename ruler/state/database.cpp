#include "state/database.hpp"

#include <sqlite3.h>

#include "base/fault_point.hpp"

namespace tocsin::state {
namespace {

Errc kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::kUnavailable;
    case SQLITE_FULL:
      return Errc::kLimit;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::kCorrupt;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Errc::kIo;
    default:
      return Errc::kInternal;
  }
}

/// Once in a process, before SQLite's first use: nobody asks how much memory it has, and to count it takes a lock at
/// each allocation.
void configure_library() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)done;
}

/// In the place of SQLite's own, which would copy a long log back while those wait whose transaction it was.
int note_log_pages(void* out, sqlite3*, const char*, int pages) {
  *static_cast<int*>(out) = pages;
  return SQLITE_OK;
}

}  // namespace

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

std::unexpected<Error> Database::error(int code, std::string_view what) const {
  const char* detail = handle_ != nullptr ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  return fail(kind_of(code), "{} {}: {}: {} ({})", what_, path_, what, detail, sqlite3_errstr(code));
}

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
  configure_library();
  sqlite3* handle = nullptr;
  // One user at a time by contract, so SQLite's own mutexes are left out.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(path, handle);
  database.what_ = options.what;
  if (code != SQLITE_OK) return database.error(code, "open");
  TOCSIN_OK(database.configure(options));
  return database;
}

Result<Database> Database::open_damaged(const std::string& path, std::string_view what) {
  configure_library();
  sqlite3* handle = nullptr;
  // Not read-only: what is in the log beside it counts, and that is only read by one who may write.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(path, handle);
  database.what_ = what;
  if (code != SQLITE_OK) return database.error(code, "open");
  return database;
}

Result<void> Database::configure(const DatabaseOptions& options) {
  sqlite3_busy_timeout(handle_.get(), options.busy_timeout_ms);
  // Of a new file; others keep theirs. Rows are written at the ends of tables, a page is two calls of the kernel: with
  // pages of 4 KiB a burst of alerts takes a third longer, and with larger ones no less.
  TOCSIN_OK(execute("PRAGMA page_size = 8192"));
  {
    TOCSIN_TRY(Statement check, Statement::prepare(*this, "PRAGMA quick_check(1)"));
    TOCSIN_TRY(const bool row, check.step());
    if (!row || check.bytes(0) != "ok") {
      return fail(Errc::kCorrupt, "{} {}: quick_check: {}", what_, path_, row ? check.bytes(0) : "no answer");
    }
  }
  TOCSIN_OK(execute("PRAGMA journal_mode = WAL"));
  sqlite3_wal_hook(handle_.get(), note_log_pages, log_pages_.get());
  // FULL: a committed transaction survives the loss of power. Writes are grouped, so this is one fsync per group.
  TOCSIN_OK(execute(options.sync_each_commit ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  TOCSIN_OK(execute("PRAGMA foreign_keys = ON"));
  // KiB. What is written goes to the end of a table, and the kernel has the pages: half of SQLite's own measure will
  // do.
  TOCSIN_OK(execute("PRAGMA cache_size = -1024"));
  // Without it, deleted pages of a burst of alerts would stay in a large WAL file forever.
  TOCSIN_OK(execute("PRAGMA journal_size_limit = 4194304"));
  if (options.max_bytes == 0) return {};
  TOCSIN_TRY(Statement page, Statement::prepare(*this, "PRAGMA page_size"));
  TOCSIN_TRY(const bool row, page.step());
  const std::uint64_t page_bytes = row ? static_cast<std::uint64_t>(page.integer(0)) : 4096;
  page.reset();
  return execute(fmt::format("PRAGMA max_page_count = {}", options.max_bytes / page_bytes + 1));
}

Result<void> Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code, sql.substr(0, sql.find('\n')));
  return {};
}

void Database::checkpoint(int pages) {
  if (*log_pages_ < pages) return;
  *log_pages_ = 0;
  fault_point(FaultPoint::kCheckpoint);
  sqlite3_wal_checkpoint_v2(handle_.get(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

Result<void> Database::sync() {
  sqlite3_file* log = nullptr;
  const int found = sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (found != SQLITE_OK) return error(found, "find the log");
  if (log == nullptr || log->pMethods == nullptr) return {};  // nothing was written yet
  const int code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (code != SQLITE_OK) return error(code, "sync the log");
  return {};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Result<Statement> Statement::prepare(Database& database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return database.error(code, sql);
  return Statement(database, statement);
}

Result<Statement*> Statements::get(std::string_view sql) {
  if (const auto known = prepared_.find(sql); known != prepared_.end()) return &known->second;
  TOCSIN_TRY(Statement made, Statement::prepare(*database_, sql));
  return &prepared_.emplace(sql, std::move(made)).first->second;
}

Statement& Statement::bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_text(std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_text64(statement_.get(), ++bound_, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_blob(std::string_view value) {
  // A null pointer would be NULL, not an empty blob.
  const char* data = value.data() == nullptr ? "" : value.data();
  const int code = sqlite3_bind_blob64(statement_.get(), ++bound_, data, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_null() {
  const int code = sqlite3_bind_null(statement_.get(), ++bound_);
  if (code != SQLITE_OK) bind_error_ = code;
  return *this;
}

Statement& Statement::bind_row(const Statement& row) {
  for (int column = 0; column < row.columns(); ++column) {
    const int code = sqlite3_bind_value(statement_.get(), ++bound_, sqlite3_column_value(row.statement_.get(), column));
    if (code != SQLITE_OK) bind_error_ = code;
  }
  return *this;
}

Result<bool> Statement::step() {
  if (bind_error_ != 0) return database_->error(bind_error_, sqlite3_sql(statement_.get()));
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error(code, sqlite3_sql(statement_.get()));
}

Result<void> Statement::run() {
  Result<bool> row = step();
  reset();
  if (!row) return fail(std::move(row).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = 0;
  bind_error_ = 0;
}

int Statement::columns() const {
  return sqlite3_column_count(statement_.get());
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string_view() : std::string_view(data, static_cast<std::size_t>(size));
}

}  // namespace tocsin::state
